//! Makes plain UTF-8 of what files hold: gzip and zstd, once or within one another, and UTF-16.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use crate::utf16::{ByteOrder, Utf16};

/// A source of bytes that can be handed to another thread.
pub(crate) type Bytes = Box<dyn Read + Send>;

/// How many layers of compression are taken off.
const LAYERS: usize = 4;

const BUFFER: usize = 128 * 1024;

/// Takes compression and UTF-16 off `bytes`, as their first bytes call for.
///
/// # Errors
///
/// When a decompressor can't be made. What is wrong with the bytes comes up while they are read.
pub(crate) fn decode(bytes: Bytes) -> io::Result<Bytes> {
    let mut bytes = bytes;
    for _ in 0..LAYERS {
        let (head, rest) = peek(bytes)?;
        bytes = match head.as_slice() {
            [0x1F, 0x8B, ..] => Box::new(Gzip::new(rest)),
            [0x28, 0xB5, 0x2F, 0xFD] | [0x50..=0x5F, 0x2A, 0x4D, 0x18] => {
                Box::new(Zstd::new(rest)?)
            }
            [0xFF, 0xFE, ..] | [b'{' | b'[', 0, ..] => {
                return Ok(Box::new(Utf16::new(rest, ByteOrder::Little)));
            }
            [0xFE, 0xFF, ..] | [0, b'{' | b'[', ..] => {
                return Ok(Box::new(Utf16::new(rest, ByteOrder::Big)));
            }
            _ => return Ok(rest),
        };
    }
    Ok(bytes)
}

/// Reads the first four bytes, as far as there are, and gives them back with the whole.
fn peek(mut bytes: Bytes) -> io::Result<(Vec<u8>, Bytes)> {
    let mut head = Vec::new();
    let end = (&mut bytes).take(4).read_to_end(&mut head);
    let start = Cursor::new(head.clone());
    // An error, such as that of an inner layer cut off in its header, comes up in its place.
    let rest: Bytes = match end {
        Ok(_) => Box::new(start.chain(bytes)),
        Err(error) => Box::new(start.chain(Failure(Some(error)))),
    };
    Ok((head, rest))
}

/// Gives an error, once.
struct Failure(Option<io::Error>);

impl Read for Failure {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Knows how many bytes have been used.
struct Counted {
    bytes: BufReader<Bytes>,
    used: u64,
}

impl Counted {
    fn new(bytes: Bytes) -> Self {
        Self { bytes: BufReader::with_capacity(BUFFER, bytes), used: 0 }
    }
}

impl Read for Counted {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(to)?;
        self.used += count as u64;
        Ok(count)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.used += amount as u64;
        self.bytes.consume(amount);
    }
}

/// What went wrong in a compressed stream, and where.
fn broken(what: &str, at: u64, error: &io::Error) -> io::Error {
    let text = if error.kind() == io::ErrorKind::UnexpectedEof {
        format!("{what} is cut off at byte {at}")
    } else {
        format!("{what} can't be read at byte {at}: {error}")
    };
    io::Error::new(error.kind(), text)
}

/// The members of a gzip file, one after another.
struct Gzip {
    member: Option<flate2::bufread::GzDecoder<Counted>>,
}

impl Gzip {
    fn new(bytes: Bytes) -> Self {
        Self { member: Some(flate2::bufread::GzDecoder::new(Counted::new(bytes))) }
    }
}

impl Read for Gzip {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else {
                return Ok(0);
            };
            match member.read(to) {
                Ok(0) if !to.is_empty() => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                Err(error) => {
                    let at = member.get_ref().used;
                    self.member = None;
                    return Err(broken("the gzip data", at, &error));
                }
                read => return read,
            }
            let Some(mut rest) = self.member.take().map(flate2::bufread::GzDecoder::into_inner)
            else {
                return Ok(0);
            };
            // Tapes and block devices pad files with zeros.
            let next = loop {
                let buffer = rest.fill_buf()?;
                let zeros = buffer.iter().take_while(|&&byte| byte == 0).count();
                if let Some(&next) = buffer.get(zeros) {
                    rest.consume(zeros);
                    break Some(next);
                }
                if buffer.is_empty() {
                    break None;
                }
                rest.consume(zeros);
            };
            match next {
                None => return Ok(0),
                Some(0x1F) => self.member = Some(flate2::bufread::GzDecoder::new(rest)),
                Some(_) => {
                    let text = format!("what follows the gzip data at byte {} is none", rest.used);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
            }
        }
    }
}

/// The frames of a zstd file, one after another.
struct Zstd {
    frames: Option<zstd::stream::read::Decoder<'static, Counted>>,
}

impl Zstd {
    fn new(bytes: Bytes) -> io::Result<Self> {
        let frames = zstd::stream::read::Decoder::with_buffer(Counted::new(bytes))?;
        Ok(Self { frames: Some(frames) })
    }
}

impl Read for Zstd {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let Some(frames) = &mut self.frames else {
            return Ok(0);
        };
        match frames.read(to) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let at = frames.get_ref().used;
                self.frames = None;
                Err(broken("the zstd data", at, &error))
            }
            read => read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> (Vec<u8>, Option<String>) {
        let mut read = Vec::new();
        let error = decode(Box::new(Cursor::new(bytes))).unwrap().read_to_end(&mut read).err();
        (read, error.map(|error| error.to_string()))
    }

    #[test]
    fn layers_and_members_come_off() {
        let plain = b"some text".as_slice();
        let zstd = zstd::encode_all(plain, 1).unwrap();
        let twice = [plain, plain].concat();
        let cases = [
            (plain.to_vec(), plain.to_vec()),
            (Vec::new(), Vec::new()),
            (vec![0x1F], vec![0x1F]),
            (gzip(plain), plain.to_vec()),
            (zstd.clone(), plain.to_vec()),
            (gzip(&gzip(&zstd)), plain.to_vec()),
            ([gzip(plain), gzip(plain)].concat(), twice.clone()),
            ([zstd.clone(), zstd].concat(), twice),
            ([gzip(plain), vec![0; 512]].concat(), plain.to_vec()),
            (gzip(b""), Vec::new()),
            (b"\xFF\xFE[\0]\0".to_vec(), b"\xEF\xBB\xBF[]".to_vec()),
            (b"\0[\0]".to_vec(), b"[]".to_vec()),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(bytes.clone()), (expected, None), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn broken_streams_say_where_and_give_what_there_is() {
        let noise: Vec<u8> =
            (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let mut wrong_checksum = gzip(&noise);
        let checksum = wrong_checksum.len() - 8;
        wrong_checksum[checksum] ^= 1;
        let zstd = zstd::encode_all(&*noise, 1).unwrap();
        let no_frame = [&zstd, b"no frame".as_slice()].concat();
        for (what, whole, damaged) in
            [("gzip", gzip(&noise), wrong_checksum), ("zstd", zstd, no_frame)]
        {
            let half = whole.len() / 2;
            let (got, error) = read(whole[..half].to_vec());
            assert!(noise.starts_with(&got), "{what}");
            let cut_off = format!("the {what} data is cut off at byte {half}");
            assert_eq!(error.as_deref(), Some(&*cut_off));
            let (got, error) = read(damaged);
            assert_eq!(got, noise);
            assert!(error.unwrap().starts_with(&format!("the {what} data can't be read at byte ")));
        }
        let (got, error) = read([gzip(b"x"), b"tail".to_vec()].concat());
        assert_eq!((got.as_slice(), error.unwrap().contains("follows")), (b"x".as_slice(), true));
    }
}
