//! An exact index of vectors in memory: a copy of each at eight bits a number, scanned from end to end. Up to a
//! million vectors a scan needs no graph to build and takes any filter; the caller keeps the vectors themselves and
//! rescores the best few with [`cosine`].

/// Rows of a block: vectors come and go without the others being copied, and an empty block takes no memory.
const BLOCK: usize = 1024;

/// Numbers multiplied at once.
const LANES: usize = 32;

/// Largest level of a copy.
const LEVELS: f32 = 127.0;

/// Levels of a question of length 1: it need not be small, and so is kept finer than the copies.
const QUESTION_LEVELS: f32 = 32_767.0;

/// The copies, by the caller's number for each.
#[derive(Debug, Clone)]
pub struct Vectors {
    dimensions: usize,
    blocks: Vec<Block>,
    held: usize,
}

/// Copies of [`BLOCK`] vectors, or room for none.
#[derive(Debug, Clone, Default)]
struct Block {
    codes: Vec<i8>,
    /// What a product with the codes is multiplied by to be a cosine; a place without a vector has none.
    factors: Vec<Option<f32>>,
    held: usize,
}

impl Vectors {
    /// Makes an index for vectors of `dimensions` numbers.
    pub fn new(dimensions: usize) -> Self {
        Self { dimensions, blocks: Vec::new(), held: 0 }
    }

    /// Returns the numbers a vector must have.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Returns how many vectors there are.
    pub fn len(&self) -> usize {
        self.held
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Returns the memory taken.
    pub fn bytes(&self) -> usize {
        let each =
            |block: &Block| block.codes.capacity() + block.factors.capacity() * size_of::<Option<f32>>();
        self.blocks.iter().map(each).sum::<usize>() + self.blocks.capacity() * size_of::<Block>()
    }

    /// Keeps a copy of a vector under `id`, in place of the one that was there.
    ///
    /// The `id` is a place: small numbers, used anew when they become free, keep the index dense. Returns `false` for
    /// what no cosine can be had with (another length, zeros only, numbers that are not finite); then the place is
    /// empty.
    pub fn insert(&mut self, id: u32, vector: &[f32]) -> bool {
        self.remove(id);
        let norm = norm(vector);
        if vector.len() != self.dimensions || !norm.is_normal() {
            return false;
        }
        let (block, row) = place(id);
        if self.blocks.len() <= block {
            self.blocks.resize_with(block + 1, Block::default);
        }
        let dimensions = self.dimensions;
        let Some(block) = self.blocks.get_mut(block) else { return false };
        if block.held == 0 {
            block.codes = vec![0; BLOCK * dimensions];
            block.factors = vec![None; BLOCK];
        }
        let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let codes = &mut block.codes[row * dimensions..(row + 1) * dimensions];
        for (code, value) in codes.iter_mut().zip(vector) {
            *code = (value / largest * LEVELS).round() as i8;
        }
        block.factors[row] = Some(largest / LEVELS / norm / QUESTION_LEVELS);
        block.held += 1;
        self.held += 1;
        true
    }

    /// Forgets the vector under `id`; returns whether there was one.
    pub fn remove(&mut self, id: u32) -> bool {
        let (block, row) = place(id);
        let Some(block) = self.blocks.get_mut(block) else { return false };
        if block.factors.get_mut(row).and_then(Option::take).is_none() {
            return false;
        }
        block.held -= 1;
        self.held -= 1;
        if block.held == 0 {
            *block = Block::default();
        }
        true
    }

    /// Returns whether there is a vector under `id`.
    pub fn holds(&self, id: u32) -> bool {
        let (block, row) = place(id);
        self.blocks.get(block).is_some_and(|block| block.factors.get(row).is_some_and(Option::is_some))
    }

    /// Returns the copy under `id`, of length 1.
    pub fn get(&self, id: u32) -> Option<Vec<f32>> {
        let (block, row) = place(id);
        let block = self.blocks.get(block)?;
        let factor = (*block.factors.get(row)?)? * QUESTION_LEVELS;
        let codes = &block.codes[row * self.dimensions..(row + 1) * self.dimensions];
        Some(codes.iter().map(|code| f32::from(*code) * factor).collect())
    }

    /// Calls `visit` with each vector's id and its cosine to `query`, to about two decimals.
    pub fn cosines(&self, query: &[f32], mut visit: impl FnMut(u32, f32)) {
        let norm = norm(query);
        if query.len() != self.dimensions || !norm.is_normal() {
            return;
        }
        let query: Vec<i16> =
            query.iter().map(|value| (value / norm * QUESTION_LEVELS).round() as i16).collect();
        for (index, block) in self.blocks.iter().enumerate() {
            let rows = block.codes.chunks_exact(self.dimensions.max(1));
            for (row, (codes, factor)) in rows.zip(&block.factors).enumerate() {
                if let Some(factor) = factor {
                    visit((index * BLOCK + row) as u32, product(&query, codes) as f32 * factor);
                }
            }
        }
    }
}

/// Returns the cosine of two vectors, 0 where one has no direction or their lengths differ.
pub fn cosine(left: &[f32], right: &[f32]) -> f32 {
    let norms = norm(left) * norm(right);
    if left.len() != right.len() || !norms.is_normal() {
        return 0.0;
    }
    (dot(left, right) / norms).clamp(-1.0, 1.0)
}

/// Returns a vector as it is stored: little-endian, four bytes a number.
pub fn encode(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Returns the vector that [`encode`] wrote, `None` for what cannot be one.
pub fn decode(bytes: &[u8]) -> Option<Vec<f32>> {
    let (quads, rest) = bytes.as_chunks::<4>();
    let values: Vec<f32> = quads.iter().copied().map(f32::from_le_bytes).collect();
    (rest.is_empty() && values.iter().all(|value| value.is_finite())).then_some(values)
}

fn place(id: u32) -> (usize, usize) {
    (id as usize / BLOCK, id as usize % BLOCK)
}

fn norm(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt()
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    // Sums beside each other: one alone would have to be added up in order, a number at a time.
    let (left, left_rest) = left.as_chunks::<8>();
    let (right, right_rest) = right.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (left, right) in left.iter().zip(right) {
        for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
            *sum += left * right;
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    sums.iter().sum::<f32>() + rest
}

/// Returns the scalar product; it stays below 2^31 as the question has length 32,767 and the codes 127 a number.
fn product(query: &[i16], codes: &[i8]) -> i32 {
    // Sixteen bits by eight: x86-64 multiplies those and adds pairs in one instruction, which the compiler only sees
    // to the full in a chain of known length.
    let sum = |query: &[i16], codes: &[i8]| -> i32 {
        query.iter().zip(codes).map(|(left, right)| i32::from(*left) * i32::from(*right)).sum()
    };
    let (query, query_rest) = query.as_chunks::<LANES>();
    let (codes, codes_rest) = codes.as_chunks::<LANES>();
    let whole: i32 = query.iter().zip(codes).map(|(query, codes)| sum(query, codes)).sum();
    whole + sum(query_rest, codes_rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Unit vectors in all directions, the same each time.
    fn random(count: usize, dimensions: usize, mut state: u64) -> Vec<Vec<f32>> {
        let mut uniform = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32
        };
        let mut vector = || {
            let values: Vec<f32> =
                (0..dimensions).map(|_| (0..6).map(|_| uniform()).sum::<f32>() - 3.0).collect();
            let norm = norm(&values);
            values.into_iter().map(|value| value / norm).collect()
        };
        (0..count).map(|_| vector()).collect()
    }

    fn index(vectors: &[Vec<f32>]) -> Vectors {
        let mut index = Vectors::new(vectors[0].len());
        for (id, vector) in vectors.iter().enumerate() {
            assert!(index.insert(id as u32, vector));
        }
        index
    }

    /// The nearest by the copies, best first, equals by their numbers.
    fn nearest(index: &Vectors, query: &[f32], count: usize) -> Vec<(u32, f32)> {
        let mut found = Vec::new();
        index.cosines(query, |id, cosine| found.push((id, cosine)));
        found.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        found.truncate(count);
        found
    }

    #[test]
    fn forty_of_the_scan_rescored_are_the_exact_ten() {
        let vectors = random(5000, 512, 1);
        let index = index(&vectors);
        for query in random(20, 512, 2) {
            let mut exact: Vec<(u32, f32)> =
                vectors.iter().enumerate().map(|(id, vector)| (id as u32, cosine(&query, vector))).collect();
            exact.sort_by(|left, right| right.1.total_cmp(&left.1));
            let mut found = nearest(&index, &query, 40);
            for (id, score) in &mut found {
                let rescored = cosine(&query, &vectors[*id as usize]);
                assert!((*score - rescored).abs() < 0.01);
                *score = rescored;
            }
            found.sort_by(|left, right| right.1.total_cmp(&left.1));
            assert_eq!(found[..10], exact[..10]);
        }
    }

    #[test]
    fn a_vector_is_replaced_and_removed() {
        let mut index = Vectors::new(2);
        assert!(index.insert(5, &[1.0, 0.0]) && index.insert(5, &[0.0, -2.0]));
        assert_eq!((index.len(), index.is_empty()), (1, false));
        let found = nearest(&index, &[0.0, 1.0], 1);
        assert!(found[0].0 == 5 && (found[0].1 + 1.0).abs() < 1e-3);
        assert!(index.bytes() >= 2 * BLOCK);
        assert!(index.remove(5) && !index.remove(5) && !index.remove(70_000));
        assert!(index.is_empty() && index.bytes() < BLOCK);
        assert!(nearest(&index, &[0.0, 1.0], 1).is_empty());
    }

    #[test]
    fn what_has_no_direction_is_not_taken() {
        let mut index = Vectors::new(2);
        index.insert(0, &[1.0, 0.0]);
        for vector in [&[0.0, 0.0][..], &[1.0], &[f32::NAN, 1.0], &[f32::INFINITY, 1.0]] {
            assert!(!index.insert(0, vector));
            assert!(index.is_empty());
            assert!(nearest(&index, vector, 3).is_empty());
            assert_eq!(cosine(vector, &[1.0, 1.0]), 0.0);
        }
    }

    #[test]
    fn a_stored_vector_comes_back() {
        let vector = [0.25, -1.5, f32::MIN_POSITIVE];
        assert_eq!(encode(&vector)[..4], [0, 0, 0x80, 0x3e]);
        assert_eq!(decode(&encode(&vector)).unwrap(), vector);
        assert_eq!(decode(&[1, 2, 3]), None);
        assert_eq!(decode(&f32::NAN.to_le_bytes()), None);
    }

    proptest! {
        #[test]
        fn cosines_stay_near_the_exact(
            left in proptest::collection::vec(-1.0_f32..1.0, 19),
            right in proptest::collection::vec(-1.0_f32..1.0, 19),
        ) {
            let mut index = Vectors::new(19);
            if index.insert(0, &left) {
                for (_, score) in nearest(&index, &right, 1) {
                    prop_assert!((score - cosine(&left, &right)).abs() < 0.02);
                }
            }
        }
    }
}
