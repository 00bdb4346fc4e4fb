//! Finds where a JSON object ends, 64 bytes at a time and at any cut of the input.
//!
//! Only quotes, backslashes, brackets and line breaks are looked at: whether the text between
//! them is JSON is for the parser to say.

use wide::u8x16;

/// Which bytes of a block of 64 are what; the lowest bit is the first byte.
#[derive(Clone, Copy, Debug, Default)]
struct Masks {
    quote: u64,
    backslash: u64,
    open: u64,
    close: u64,
    newline: u64,
}

impl Masks {
    #[inline]
    fn of(block: &[u8; 64]) -> Self {
        let mut masks = Self::default();
        let (lanes, _) = block.as_chunks::<16>();
        for (index, lane) in lanes.iter().enumerate() {
            let bytes = u8x16::new(*lane);
            // `[` and `{`, `]` and `}` differ in this one bit, and no other ASCII byte becomes
            // one of the braces by setting it.
            let folded = bytes | u8x16::splat(0x20);
            let mask = |equal: u8x16| u64::from(equal.to_bitmask()) << (16 * index);
            masks.quote |= mask(bytes.simd_eq(u8x16::splat(b'"')));
            masks.backslash |= mask(bytes.simd_eq(u8x16::splat(b'\\')));
            masks.open |= mask(folded.simd_eq(u8x16::splat(b'{')));
            masks.close |= mask(folded.simd_eq(u8x16::splat(b'}')));
            masks.newline |= mask(bytes.simd_eq(u8x16::splat(b'\n')));
        }
        masks
    }
}

/// How far the scan of an object came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The object ended; the offset behind its last bracket.
    End(usize),
    /// A line break inside a string at this offset: this is not JSON.
    LineBreak(usize),
    /// All the bytes are scanned and the object is still open.
    Open,
}

/// The scan of one object, which can be continued when more bytes have come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    /// The offset of the next byte to be scanned.
    pub(crate) at: usize,
    /// Line breaks passed so far.
    pub(crate) lines: u64,
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// A scan that begins at the opening bracket at `at`.
    pub(crate) fn new(at: usize) -> Self {
        Self::inside(at, 0)
    }

    /// A scan that begins at `at` with `depth` brackets open.
    pub(crate) fn inside(at: usize, depth: u32) -> Self {
        Self { at, lines: 0, depth, in_string: false, escaped: false }
    }

    /// Scans on through `bytes`, of which everything before `self.at` has been scanned.
    pub(crate) fn run(&mut self, bytes: &[u8]) -> Progress {
        let rest = bytes.get(self.at..).unwrap_or_default();
        let (blocks, tail) = rest.as_chunks::<64>();
        for block in blocks {
            let progress = self.block(block, 64);
            if progress != Progress::Open {
                return progress;
            }
        }
        if tail.is_empty() {
            return Progress::Open;
        }
        let mut block = [b' '; 64];
        for (to, from) in block.iter_mut().zip(tail) {
            *to = *from;
        }
        self.block(&block, tail.len())
    }

    /// Scans one block, of which the first `length` bytes are the input's.
    #[inline]
    fn block(&mut self, block: &[u8; 64], length: usize) -> Progress {
        let masks = Masks::of(block);
        let quotes = if masks.backslash == 0 && !self.escaped {
            masks.quote
        } else {
            masks.quote & !self.escapes(masks.backslash, length)
        };
        let inside = prefix_xor(quotes) ^ if self.in_string { u64::MAX } else { 0 };
        let open = masks.open & !inside;
        let close = masks.close & !inside;
        let broken = masks.newline & inside;
        if broken == 0 && self.depth > close.count_ones() {
            self.depth += open.count_ones();
            self.depth -= close.count_ones();
        } else {
            let mut brackets = (open | close) & below(broken);
            while brackets != 0 {
                let bit = brackets & brackets.wrapping_neg();
                brackets ^= bit;
                if open & bit != 0 {
                    self.depth += 1;
                    continue;
                }
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.lines += u64::from((masks.newline & (bit - 1)).count_ones());
                    self.at += bit.trailing_zeros() as usize + 1;
                    return Progress::End(self.at);
                }
            }
            if broken != 0 {
                self.lines += u64::from((masks.newline & below(broken)).count_ones());
                return Progress::LineBreak(self.at + broken.trailing_zeros() as usize);
            }
        }
        if masks.newline != 0 {
            self.lines += u64::from(masks.newline.count_ones());
        }
        self.in_string = inside >> 63 == 1;
        self.at += length;
        Progress::Open
    }

    /// Which bytes stand behind a backslash that is not escaped itself; remembers whether the
    /// first byte of the next block does.
    fn escapes(&mut self, backslash: u64, length: usize) -> u64 {
        let mut escaped = u64::from(self.escaped);
        let mut rest = backslash & !escaped;
        let last = 1 << (length - 1);
        self.escaped = false;
        while rest != 0 {
            let bit = rest & rest.wrapping_neg();
            escaped |= bit << 1;
            rest &= !(bit | bit << 1);
            self.escaped |= bit == last;
        }
        escaped
    }
}

/// All bits below the lowest one of `mask`; all bits when there is none.
fn below(mask: u64) -> u64 {
    if mask == 0 { u64::MAX } else { (mask & mask.wrapping_neg()) - 1 }
}

/// Each bit becomes the parity of itself and all below: set from an opening quote up to, and
/// without, the closing one.
#[inline]
fn prefix_xor(mut mask: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        mask ^= mask << shift;
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, byte by byte.
    fn slow(bytes: &[u8]) -> (Progress, u64) {
        let (mut depth, mut in_string, mut escaped, mut lines) = (0_u32, false, false, 0);
        for (at, &byte) in bytes.iter().enumerate() {
            let was_escaped = escaped;
            escaped = byte == b'\\' && !was_escaped;
            match byte {
                b'"' if !was_escaped => in_string = !in_string,
                b'\n' if in_string => return (Progress::LineBreak(at), lines),
                b'\n' => lines += 1,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return (Progress::End(at + 1), lines);
                    }
                }
                _ => {}
            }
        }
        (Progress::Open, lines)
    }

    proptest! {
        #[test]
        fn blocks_agree_with_bytes_at_every_cut(
            rest in "[{}\\[\\]\"\\\\\n a]{0,300}",
            padding in 0..200_usize,
            cuts in proptest::collection::vec(0..500_usize, 0..5),
        ) {
            let text = format!("{{{}{rest}", " ".repeat(padding));
            let (expected, lines) = slow(text.as_bytes());
            let mut cuts = cuts;
            cuts.push(text.len());
            cuts.sort_unstable();
            let mut scan = Scan::new(0);
            let mut progress = Progress::Open;
            for cut in cuts {
                if progress == Progress::Open {
                    progress = scan.run(&text.as_bytes()[..cut.min(text.len()).max(scan.at)]);
                }
            }
            prop_assert_eq!(progress, expected);
            prop_assert_eq!(scan.lines, lines);
        }
    }

    #[test]
    fn the_lines_before_a_break_in_a_string_count() {
        let text = "{\n \"a\": 1,\n \"b\": \"cut\n}";
        let mut scan = Scan::new(0);
        assert_eq!(scan.run(text.as_bytes()), Progress::LineBreak(text.len() - 2));
        assert_eq!(scan.lines, 2);
    }

    #[test]
    fn a_bracket_in_a_string_does_not_count() {
        let text = r#"{"a":"}\"}","b":["]",{}]} {"#;
        assert_eq!(Scan::new(0).run(text.as_bytes()), Progress::End(text.len() - 2));
    }
}
