// Writes each built file beside itself as gzip and Brotli have it, where that is smaller. Fails when
// all of them together are larger than what a slow connection should have to carry.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const MOST = 400_000;
const folder = fileURLToPath(new URL("../dist/", import.meta.url));
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !/\.(gz|br)$/.test(entry.name))
  .map((entry) => `${entry.parentPath}/${entry.name}`);

let total = 0;
for (const file of files) {
  const plain = readFileSync(file);
  const gzip = gzipSync(plain, { level: 9 });
  const isWorthIt = gzip.length < plain.length * 0.9;
  if (isWorthIt) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
    writeFileSync(`${file}.gz`, gzip);
    writeFileSync(`${file}.br`, brotliCompressSync(plain, { params }));
  }
  // The licences are for reading, and no part of the desk.
  if (!file.endsWith(".md")) total += isWorthIt ? gzip.length : plain.length;
}
console.log(`${files.length} files, ${(total / 1000).toFixed(1)} kB compressed with gzip`);
if (total > MOST) {
  console.error(`that is more than ${MOST / 1000} kB: leave something out`);
  process.exit(1);
}
