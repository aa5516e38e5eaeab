//! An index of texts in memory: which terms stand where, how long the texts are, and their vectors.
//!
//! Texts get places in the order they come. A place is not used again: when most are dead, the caller builds anew.

use std::{collections::HashMap, sync::Arc};

use crate::{
    postings::{Postings, read, write},
    vectors::Vectors,
};

/// Texts pulled towards the mean of none: below that many the mean of the vectors says little.
const MEAN_AFTER: f32 = 20.0;

/// Texts without any word that are counted with the living.
const OTHERS: f32 = 10.0;

/// Dead places that are never worth building anew, and the terms of dead texts that are not.
const FEW: usize = 1000;
const FEW_TERMS: u64 = 200_000;

/// The texts of one project.
#[derive(Debug)]
pub struct Index {
    ids: HashMap<Arc<str>, u32>,
    pub(crate) terms: Vec<TermList>,
    pub(crate) texts: Vec<Text>,
    living: usize,
    length: u64,
    /// Terms of the dead, whose lists are still there.
    dead_length: u64,
    pub(crate) vectors: Option<Vectors>,
    /// Sum of the living vectors.
    sum: Vec<f32>,
}

/// A term and where it stands.
#[derive(Debug)]
pub(crate) struct TermList {
    pub(crate) key: Arc<str>,
    pub(crate) postings: Postings,
}

/// A text as the index knows it.
#[derive(Debug)]
pub(crate) struct Text {
    /// Its terms, repeated ones too; 0 for a dead place.
    pub(crate) length: u32,
    /// Its distinct terms: differences of their numbers, each with how often.
    terms: Box<[u8]>,
}

impl Index {
    /// Makes an empty index, for vectors of `dimensions` numbers if any.
    pub fn new(dimensions: Option<usize>) -> Self {
        Self {
            ids: HashMap::new(),
            terms: Vec::new(),
            texts: Vec::new(),
            living: 0,
            length: 0,
            dead_length: 0,
            vectors: dimensions.map(Vectors::new),
            sum: vec![0.0; dimensions.unwrap_or(0)],
        }
    }

    /// Adds a text by its terms, as [`crate::segment`] gave them, and returns its place: the number of texts added
    /// before it.
    pub fn insert(&mut self, terms: &str) -> u32 {
        let place = self.texts.len() as u32;
        let mut numbers: Vec<u32> = Vec::new();
        for term in terms.split(' ').filter(|term| !term.is_empty()) {
            numbers.push(self.number(term));
        }
        // An empty text has a length too, or it would be a dead one.
        let length = numbers.len().max(1) as u32;
        numbers.sort_unstable();
        let (mut bytes, mut last) = (Vec::new(), 0);
        for same in numbers.chunk_by(|left, right| left == right) {
            write(&mut bytes, u64::from(same[0] - last));
            write(&mut bytes, same.len() as u64);
            last = same[0];
            self.terms[same[0] as usize].postings.push(place, same.len() as u32);
        }
        self.texts.push(Text { length, terms: bytes.into_boxed_slice() });
        self.living += 1;
        self.length += u64::from(length);
        place
    }

    /// Forgets the text at a place.
    pub fn remove(&mut self, place: u32) {
        let Some(text) = self.texts.get_mut(place as usize).filter(|text| text.length > 0) else { return };
        self.living -= 1;
        self.length -= u64::from(text.length);
        self.dead_length += u64::from(text.length);
        let text = std::mem::replace(text, Text { length: 0, terms: Box::default() });
        for (number, _) in text.terms() {
            self.terms[number as usize].postings.living -= 1;
        }
        self.set_vector(place, None);
    }

    /// Gives the text at a place a vector, or takes it away. One of another length than the index holds is none.
    pub fn set_vector(&mut self, place: u32, vector: Option<&[f32]>) {
        let Some(vectors) = &mut self.vectors else { return };
        if let Some(old) = vectors.get(place) {
            self.sum.iter_mut().zip(old).for_each(|(sum, value)| *sum -= value);
        }
        match vector {
            Some(vector) => vectors.insert(place, vector),
            None => vectors.remove(place),
        };
        if let Some(new) = vectors.get(place) {
            self.sum.iter_mut().zip(new).for_each(|(sum, value)| *sum += value);
        }
    }

    /// Returns the number of living texts.
    pub fn len(&self) -> usize {
        self.living
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.living == 0
    }

    /// Returns whether so much is dead that building anew is worth it.
    pub fn is_sparse(&self) -> bool {
        let dead = self.texts.len() - self.living;
        (dead > FEW && dead > self.living) || (self.dead_length > FEW_TERMS && self.dead_length > self.length)
    }

    /// Returns the number of living texts with a vector.
    pub fn with_vectors(&self) -> usize {
        self.vectors.as_ref().map_or(0, Vectors::len)
    }

    /// Returns the memory taken, in bytes, as far as it grows with the texts.
    pub fn bytes(&self) -> usize {
        let term = |one: &TermList| one.postings.bytes() + one.key.len() + 2 * size_of::<usize>();
        let terms: usize = self.terms.iter().map(term).sum();
        let texts: usize = self.texts.iter().map(|text| text.terms.len()).sum();
        let each = size_of::<TermList>() + size_of::<(Arc<str>, u32)>() * 2;
        terms
            + self.terms.capacity() * each
            + texts
            + self.texts.capacity() * size_of::<Text>()
            + self.vectors.as_ref().map_or(0, Vectors::bytes)
    }

    pub(crate) fn number_of(&self, key: &str) -> Option<u32> {
        self.ids.get(key).copied()
    }

    pub(crate) fn list(&self, key: &str) -> Option<&TermList> {
        self.number_of(key).map(|number| &self.terms[number as usize])
    }

    /// Mean length of the living texts, in terms.
    pub(crate) fn mean_length(&self) -> f32 {
        (self.length as f64 / self.living.max(1) as f64).max(1.0) as f32
    }

    /// Inverse document frequency, never negative (Lucene's form of BM25). A few texts that hold no word are counted
    /// with the others: in a project of one memory every word would else be one that all hold, and say nothing.
    pub(crate) fn idf(&self, holding: u32) -> f32 {
        let (all, holding) = (self.living as f32 + OTHERS, holding as f32);
        (1.0 + (all - holding + 0.5).max(0.0) / (holding + 0.5)).ln()
    }

    /// Mean of the vectors, drawn towards zero while there are few.
    pub(crate) fn mean_vector(&self) -> Vec<f32> {
        let count = self.vectors.as_ref().map_or(0, Vectors::len) as f32;
        self.sum.iter().map(|sum| sum / (count + MEAN_AFTER)).collect()
    }

    fn number(&mut self, term: &str) -> u32 {
        if let Some(number) = self.ids.get(term) {
            return *number;
        }
        let number = self.terms.len() as u32;
        let key: Arc<str> = term.into();
        self.terms.push(TermList { key: Arc::clone(&key), postings: Postings::default() });
        self.ids.insert(key, number);
        number
    }
}

impl Text {
    /// Returns the numbers of its distinct terms, rising, each with how often it stands there.
    pub(crate) fn terms(&self) -> impl Iterator<Item = (u32, u32)> {
        let (mut rest, mut last) = (&*self.terms, 0);
        std::iter::from_fn(move || {
            last += read(&mut rest)? as u32;
            Some((last, read(&mut rest)? as u32))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_text_leaves_no_count_behind() {
        let mut index = Index::new(Some(2));
        let place = index.insert("a b a");
        let other = index.insert("b c");
        index.set_vector(place, Some(&[1.0, 0.0]));
        index.set_vector(other, Some(&[0.0, 1.0]));
        let holding = |index: &Index, key| index.list(key).unwrap().postings.living;
        assert_eq!((holding(&index, "a"), holding(&index, "b"), index.len()), (1, 2, 2));
        index.remove(place);
        index.remove(place);
        assert_eq!((holding(&index, "a"), holding(&index, "b"), index.len()), (0, 1, 1));
        assert!((index.mean_length() - 2.0).abs() < 1e-6);
        assert!(index.mean_vector()[0].abs() < 1e-6 && index.mean_vector()[1] > 0.0);
        assert_eq!(index.insert("d"), 2, "places are not used again");
    }

    #[test]
    fn an_empty_text_lives() {
        let mut index = Index::new(None);
        let place = index.insert("");
        assert_eq!(index.len(), 1);
        index.remove(place);
        assert!(index.is_empty() && !index.is_sparse() && index.list("").is_none());
    }

    #[test]
    fn many_dead_places_are_worth_building_anew() {
        let mut index = Index::new(None);
        for _ in 0..=FEW * 2 {
            let place = index.insert("x");
            index.remove(place);
        }
        assert!(index.is_sparse());
        assert!(index.bytes() > 0);
    }
}
