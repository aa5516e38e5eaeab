//! A model of seven pieces and eight dimensions, made in the test: right in every part unless a part is replaced.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Numbers a row has everywhere.
const WIDTH: usize = 8;

/// Pieces 0 to 2 are the unknown one and the marks, which no text spells.
const PIECES: [(&str, u32); 4] = [("\u{2581}", 3), ("a", 4), ("b", 5), ("\u{2581}ab", 6)];

pub(super) struct Model {
    metadata: Option<Map<String, Value>>,
    tensors: BTreeMap<String, (&'static str, Vec<usize>, Vec<u8>)>,
}

impl Model {
    pub(super) fn new() -> Self {
        let mut metadata = Map::new();
        for (key, value) in [("format", "1"), ("model", "tiny"), ("dimensions", "8")] {
            metadata.insert(key.to_owned(), json!(value));
        }
        let text = b"a\0b\0 \0".to_vec();
        let mut model = Self { metadata: Some(metadata), tensors: BTreeMap::new() }
            .u32s("normalizer.trie", &units(&[("ａ", 0), ("ｂ", 2), ("\u{3000}", 4)]))
            .tensor("normalizer.text", "U8", &[text.len()], text)
            .u32s("pieces.trie", &units(&PIECES))
            .f32s("pieces.scores", &[0.0, 0.0, 0.0, -1.0, -2.0, -3.0, -4.0])
            .u32s("embedding.starts", &[0, 2, 4, 6, 8, 10, 12, 14])
            .tensor(
                "embedding.planes",
                "U8",
                &[14, WIDTH / 8],
                (0..14u8).map(|byte| byte.wrapping_mul(37)).collect(),
            )
            .tensor("embedding.bases", "U8", &[7], vec![1, 0, 2, 3, 1, 4, 0])
            .f32s("embedding.scales", &[0.5, 0.25])
            .f32s("embedding.lows", &[-1.0, -0.5])
            .f32s("features.gain", &[1.0; 4 * WIDTH])
            .f32s("features.shift", &[0.1; 4 * WIDTH])
            .layer("pool", 4 * WIDTH)
            .f32s("pool.bias", &[0.01; WIDTH]);
        for part in ["first", "second", "second_skip", "third", "last", "last_skip"] {
            model = model.layer(&format!("head.{part}"), WIDTH);
        }
        for span in [2, 3, 5] {
            for (part, rows) in [("project", WIDTH), ("first", span * WIDTH), ("second", span * WIDTH)] {
                model = model.layer(&format!("{part}.{span}"), rows);
                model = model.f32s(&format!("{part}.{span}.bias"), &[0.1; WIDTH]);
            }
            model = model.f32s(&format!("project.{span}.gain"), &[1.0; WIDTH]);
            model = model.f32s(&format!("project.{span}.shift"), &[0.0; WIDTH]);
        }
        model
    }

    pub(super) fn metadata(mut self, key: &str, value: &str) -> Self {
        self.metadata.get_or_insert_default().insert(key.to_owned(), json!(value));
        self
    }

    pub(super) fn without_metadata(mut self) -> Self {
        self.metadata = None;
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.tensors.remove(name).unwrap();
        self
    }

    pub(super) fn f32s(self, name: &str, values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, "F32", &[values.len()], bytes)
    }

    pub(super) fn u32s(self, name: &str, values: &[u32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, "U32", &[values.len()], bytes)
    }

    /// Weights that differ from each other and between layers.
    fn layer(self, name: &str, rows: usize) -> Self {
        let seed = name.bytes().map(usize::from).sum::<usize>();
        let weights = (0..rows * WIDTH).map(|index| ((index + seed) * 97 % 251) as u8).collect();
        let step = format!("{name}.scale");
        self.tensor(&format!("{name}.weight"), "I8", &[rows, WIDTH], weights).f32s(&step, &[0.01])
    }

    fn tensor(mut self, name: &str, kind: &'static str, shape: &[usize], bytes: Vec<u8>) -> Self {
        self.tensors.insert(name.to_owned(), (kind, shape.to_vec(), bytes));
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let (mut header, mut data) = (Map::new(), Vec::<u8>::new());
        if let Some(metadata) = &self.metadata {
            header.insert("__metadata__".to_owned(), Value::Object(metadata.clone()));
        }
        for (name, (kind, shape, bytes)) in &self.tensors {
            let offsets = [data.len(), data.len() + bytes.len()];
            header.insert(name.clone(), json!({"dtype": kind, "shape": shape, "data_offsets": offsets}));
            data.extend(bytes);
        }
        let header = serde_json::to_vec(&header).unwrap();
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header);
        file.extend(data);
        file
    }
}

/// Returns the units of a double array that spends a block of 256 on each node, which is wasteful and easy to trust.
pub(super) fn units(keys: &[(&str, u32)]) -> Vec<u32> {
    let mut nodes: BTreeMap<&[u8], Option<u32>> = BTreeMap::from([(&b""[..], None)]);
    for (key, number) in keys {
        for length in 1..=key.len() {
            nodes.entry(&key.as_bytes()[..length]).or_insert(None);
        }
        nodes.insert(key.as_bytes(), Some(*number));
    }
    let base = |node: &[u8]| (nodes.keys().position(|key| *key == node).unwrap() as u32 + 1) << 8;
    let mut units = vec![1 << 31; (nodes.len() + 1) << 8];
    for (node, number) in &nodes {
        let (position, label) = match node.split_last() {
            Some((label, parent)) => (base(parent) ^ u32::from(*label), u32::from(*label)),
            None => (0, 0),
        };
        units[position as usize] = (position ^ base(node)) << 10 | u32::from(number.is_some()) << 8 | label;
        if let Some(number) = number {
            units[base(node) as usize] = 1 << 31 | number;
        }
    }
    units
}
