//! Where a term stands: the places of the texts that hold it and how often, as differences in bytes of seven bits.

/// The list of one term. Places come in rising order and are never taken out: what reads the list knows which are dead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Postings {
    bytes: Vec<u8>,
    /// The place behind the last one listed.
    next: u32,
    /// Living texts that hold the term.
    pub(crate) living: u32,
}

impl Postings {
    /// Lists one more text, which must stand behind those listed.
    pub(crate) fn push(&mut self, place: u32, times: u32) {
        debug_assert!(place >= self.next, "places rise");
        let gap = u64::from(place - self.next);
        // Most terms stand once in a text: that is one bit.
        write(&mut self.bytes, gap << 1 | u64::from(times > 1));
        if times > 1 {
            write(&mut self.bytes, u64::from(times));
        }
        self.next = place + 1;
        self.living += 1;
    }

    /// Returns the places, dead ones too, each with how often the term stands there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        let (mut rest, mut next) = (self.bytes.as_slice(), 0);
        std::iter::from_fn(move || {
            let head = read(&mut rest)?;
            let times = if head & 1 == 1 { read(&mut rest)? } else { 1 };
            let place = next + (head >> 1) as u32;
            next = place + 1;
            Some((place, times as u32))
        })
    }

    /// Returns the memory taken, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

/// Appends a number, seven bits a byte, the lowest first (LEB128).
pub(crate) fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number from the front; `None` at the end.
pub(crate) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_listed_comes_back(
            gaps in proptest::collection::vec((1_u32..100_000, 1_u32..1_000_000), 0..50),
        ) {
            let (mut postings, mut place, mut listed) = (Postings::default(), 0, Vec::new());
            for (gap, times) in gaps {
                place += gap;
                postings.push(place, times);
                listed.push((place, times));
            }
            prop_assert_eq!(postings.living as usize, listed.len());
            prop_assert_eq!(postings.iter().collect::<Vec<_>>(), listed);
        }
    }
}
