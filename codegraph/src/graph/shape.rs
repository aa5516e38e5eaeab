//! The tree as a whole: which files lean on which, in which layers, where they go round, what carries most.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Graph, Node};
use crate::{
    Language,
    facts::{Kind, Relation},
};

/// A file among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaning {
    /// The file.
    pub node: Node,
    /// Files that refer to it.
    pub fan_in: usize,
    /// Files it refers to.
    pub fan_out: usize,
    /// How far above those that lean on nothing: 0 is the bottom.
    pub layer: usize,
}

/// A definition that much hangs on and that is hard to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HotSpot {
    /// It.
    pub node: Node,
    /// Links that come to it from other places.
    pub fan_in: usize,
    /// Its cyclomatic complexity.
    pub cyclomatic: u32,
}

/// The tree as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Every file, those that most refer to first.
    pub files: Vec<Leaning>,
    /// Groups of files that refer to each other in a circle, the largest first.
    pub cycles: Vec<Vec<Node>>,
    /// What carries most.
    pub hot_spots: Vec<HotSpot>,
    /// Where running begins.
    pub entries: Vec<Node>,
}

/// How much there is of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Lines of all files.
    pub lines: u64,
    /// Files by language.
    pub languages: BTreeMap<Language, u64>,
    /// Definitions by kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// Links by relation, to what is in the tree or not.
    pub relations: BTreeMap<Relation, u64>,
    /// Links to what is not found in the tree.
    pub unresolved: u64,
}

impl Totals {
    /// Returns how many definitions there are.
    pub fn entities(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// Returns how many links there are.
    pub fn links(&self) -> u64 {
        self.relations.values().sum()
    }
}

/// A file that could be parsed only in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unparsed {
    /// Its path.
    pub path: String,
    /// Places that could not be parsed.
    pub places: u32,
    /// Line of the first, from 1.
    pub line: u32,
    /// Whether more is in it than is kept.
    pub cut: bool,
}

impl Graph {
    /// Returns the files that could be parsed only in part, by path.
    pub fn unparsed(&self) -> Vec<Unparsed> {
        let of = |file: &super::File| Unparsed {
            path: file.path.to_string(),
            places: file.facts.errors,
            line: file.facts.first_error.unwrap_or(0),
            cut: file.facts.cut,
        };
        let mut all: Vec<Unparsed> = self
            .all()
            .filter(|(_, file)| file.facts.errors > 0 || file.facts.cut)
            .map(|(_, file)| of(file))
            .collect();
        all.sort_by(|one, other| one.path.cmp(&other.path));
        all
    }

    /// Counts everything.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for (place, file) in self.all() {
            totals.lines += u64::from(file.facts.lines);
            *totals.languages.entry(file.language).or_default() += 1;
            for entity in &file.facts.entities {
                *totals.kinds.entry(entity.kind).or_default() += 1;
            }
            for tie in self.ties_of_file(place) {
                *totals.relations.entry(tie.relation).or_default() += 1;
                totals.unresolved += u64::from(tie.to.is_none());
            }
        }
        totals
    }

    /// Describes the tree as a whole, with at most so many hot spots and beginnings.
    pub fn shape(&self, most: usize) -> Shape {
        let mut places: Vec<u32> = self.all().map(|(place, _)| place).collect();
        places.sort_unstable();
        let leans: HashMap<u32, Vec<u32>> =
            places.iter().map(|place| (*place, self.leans_on(*place))).collect();
        let mut fan_in: HashMap<u32, usize> = HashMap::new();
        for on in leans.values().flatten() {
            *fan_in.entry(*on).or_default() += 1;
        }
        let groups = strongly_connected(&places, &leans);
        let layers = layers(&groups, &leans);
        let mut files: Vec<Leaning> = places
            .iter()
            .map(|place| Leaning {
                node: Node::whole(*place),
                fan_in: fan_in.get(place).copied().unwrap_or(0),
                fan_out: leans.get(place).map_or(0, Vec::len),
                layer: layers.get(place).copied().unwrap_or(0),
            })
            .collect();
        files.sort_by(|one, other| {
            (other.fan_in, one.fan_out)
                .cmp(&(one.fan_in, other.fan_out))
                .then_with(|| self.path(one.node).cmp(self.path(other.node)))
        });
        let mut cycles: Vec<Vec<Node>> = groups
            .into_iter()
            .filter(|group| group.len() > 1)
            .map(|group| {
                let mut group: Vec<Node> = group.into_iter().map(Node::whole).collect();
                group.sort_by(|one, other| self.path(*one).cmp(self.path(*other)));
                group
            })
            .collect();
        cycles.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        Shape { files, cycles, hot_spots: self.hot_spots(most), entries: self.entries(&fan_in, most) }
    }

    /// Returns the files a file leans on. A bare guess is not something to lean on.
    fn leans_on(&self, place: u32) -> Vec<u32> {
        let sure = self.ties_of_file(place).filter(|tie| tie.confidence > super::sure::GUESSED);
        let on: BTreeSet<u32> =
            sure.filter_map(|tie| tie.to).map(|to| to.file).filter(|to| *to != place).collect();
        on.into_iter().collect()
    }

    fn hot_spots(&self, most: usize) -> Vec<HotSpot> {
        let mut coming: HashMap<Node, usize> = HashMap::new();
        for (place, _) in self.all().filter(|(place, _)| !self.is_test(*place)) {
            for tie in self.ties_of_file(place) {
                if let Some(to) = tie.to.filter(|to| *to != tie.from && tie.confidence > super::sure::GUESSED)
                {
                    *coming.entry(to).or_default() += 1;
                }
            }
        }
        let mut spots: Vec<HotSpot> = coming
            .into_iter()
            .filter_map(|(node, fan_in)| {
                let cyclomatic = self.entity(node)?.metrics.as_ref()?.cyclomatic;
                (cyclomatic > 1 && !self.is_test(node.file)).then_some(HotSpot { node, fan_in, cyclomatic })
            })
            .collect();
        spots.sort_by_cached_key(|spot| {
            (std::cmp::Reverse(spot.fan_in as u64 * u64::from(spot.cyclomatic)), self.id(spot.node))
        });
        spots.truncate(most);
        spots
    }

    /// Functions called `main`, and files that do something and that nobody refers to.
    fn entries(&self, fan_in: &HashMap<u32, usize>, most: usize) -> Vec<Node> {
        let mut mains = Vec::new();
        let mut files = Vec::new();
        for (place, file) in self.all().filter(|(place, _)| !self.is_test(*place)) {
            let main = ["main", "Main"].iter().filter_map(|name| self.names.known(name)).find_map(|name| {
                let named = self.definitions.get(&name)?;
                named.iter().find(|node| node.file == place && self.kind(**node).is_callable())
            });
            let acts =
                file.facts.references.iter().any(|one| one.from.is_none() && one.relation == Relation::Calls);
            match main {
                Some(main) => mains.push(*main),
                None if acts && !fan_in.contains_key(&place) => files.push(Node::whole(place)),
                None => {}
            }
        }
        let by_path = |node: &Node| (self.path(*node).matches('/').count(), self.path(*node).to_owned());
        mains.sort_by_cached_key(by_path);
        files.sort_by_cached_key(by_path);
        mains.extend(files);
        mains.truncate(most);
        mains
    }
}

/// Returns the groups whose members reach each other, those that lean on nothing else first (Tarjan, "Depth-first
/// search and linear graph algorithms", 1972), with a stack of its own: a tree may be deep.
pub(crate) fn strongly_connected(places: &[u32], leans: &HashMap<u32, Vec<u32>>) -> Vec<Vec<u32>> {
    #[derive(Clone, Copy)]
    struct Mark {
        index: usize,
        low: usize,
        open: bool,
    }
    let mut marks: HashMap<u32, Mark> = HashMap::new();
    let (mut stack, mut groups, mut count) = (Vec::new(), Vec::new(), 0);
    for root in places {
        if marks.contains_key(root) {
            continue;
        }
        let mut work = vec![(*root, 0)];
        while let Some((at, next)) = work.pop() {
            if next == 0 {
                marks.insert(at, Mark { index: count, low: count, open: true });
                count += 1;
                stack.push(at);
            }
            let on = leans.get(&at).map_or(&[][..], Vec::as_slice);
            if let Some(other) = on.get(next) {
                work.push((at, next + 1));
                match marks.get(other).copied() {
                    None => work.push((*other, 0)),
                    Some(mark) if mark.open => lower(&mut marks, at, mark.index, |mark| &mut mark.low),
                    Some(_) => {}
                }
                continue;
            }
            let Some(mark) = marks.get(&at).copied() else { continue };
            if let Some((above, _)) = work.last() {
                lower(&mut marks, *above, mark.low, |mark| &mut mark.low);
            }
            if mark.low == mark.index {
                let mut group = Vec::new();
                while let Some(one) = stack.pop() {
                    if let Some(mark) = marks.get_mut(&one) {
                        mark.open = false;
                    }
                    group.push(one);
                    if one == at {
                        break;
                    }
                }
                groups.push(group);
            }
        }
    }
    return groups;

    fn lower(marks: &mut HashMap<u32, Mark>, of: u32, to: usize, low: impl Fn(&mut Mark) -> &mut usize) {
        if let Some(mark) = marks.get_mut(&of) {
            let low = low(mark);
            *low = to.min(*low);
        }
    }
}

/// Returns how far each file is above those that lean on nothing; files that go round share a layer.
fn layers(groups: &[Vec<u32>], leans: &HashMap<u32, Vec<u32>>) -> HashMap<u32, usize> {
    let mut layers: HashMap<u32, usize> = HashMap::new();
    for group in groups {
        let below = group.iter().filter_map(|one| leans.get(one)).flatten().filter(|on| !group.contains(on));
        let layer = below.filter_map(|on| layers.get(on)).map(|layer| layer + 1).max().unwrap_or(0);
        layers.extend(group.iter().map(|one| (*one, layer)));
    }
    layers
}
