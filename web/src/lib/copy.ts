/** Puts text where it can be pasted from. Browsers allow that only over HTTPS and on this machine. */
export async function copy(text: string): Promise<void> {
  const { clipboard } = navigator as { clipboard?: Clipboard };
  if (!clipboard) throw new Error("this browser copies only over HTTPS: select the text instead");
  await clipboard.writeText(text);
}
