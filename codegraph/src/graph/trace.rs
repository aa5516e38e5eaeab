//! Who calls whom, level by level; and what hangs on something, however far.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::{Graph, Node, Tie};
use crate::facts::Relation;

/// Which way calls are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To what is called.
    Callees,
    /// To who calls.
    Callers,
}

/// Something that is called, or calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// It.
    pub node: Node,
    /// Lines of the calls, in the file of who calls.
    pub lines: Vec<u32>,
    /// How sure the link is, in hundredths; of several calls the surest.
    pub confidence: u8,
    /// Whether the calls go round: it is on the way from the root already, or leads back to who makes the call.
    pub cycle: bool,
    /// Whether its own calls stand elsewhere in the tree.
    pub repeated: bool,
    /// What it calls, or who calls it.
    pub next: Vec<Step>,
}

/// A tree of calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// What the root calls, or who calls it.
    pub steps: Vec<Step>,
    /// Calls that lead out of the tree, with who makes them.
    pub unresolved: Vec<Tie>,
    /// Whether there is more than the limit let through.
    pub cut: bool,
}

/// A node that hangs on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hanging {
    /// It.
    pub node: Node,
    /// Over how many links.
    pub distance: u32,
}

/// Something still to be followed.
struct Open {
    node: Node,
    /// Where it is in the tree: the way from the root by places in the lists.
    way: Vec<usize>,
    /// The nodes on the way from the root.
    above: Vec<Node>,
}

impl Graph {
    /// Follows calls from a node, nearest first, at most `depth` levels and `most` steps.
    pub fn trace(&self, root: Node, direction: Direction, depth: u32, most: usize) -> Trace {
        let mut trace = Trace::default();
        let mut expanded: HashSet<Node> = HashSet::new();
        let mut open = VecDeque::from([Open { node: root, way: Vec::new(), above: Vec::new() }]);
        let mut count = 0;
        while let Some(here) = open.pop_front() {
            if !expanded.insert(here.node) {
                if let Some(step) = step_at(&mut trace.steps, &here.way) {
                    step.repeated = true;
                }
                continue;
            }
            let mut above = here.above;
            above.push(here.node);
            let mut steps = self.calls(here.node, direction, &mut trace.unresolved);
            for step in &mut steps {
                step.cycle = above.contains(&step.node);
            }
            if count + steps.len() > most {
                steps.truncate(most - count);
                trace.cut = true;
            }
            count += steps.len();
            if above.len() < depth as usize {
                for (index, step) in steps.iter().enumerate().filter(|(_, step)| !step.cycle) {
                    let way = here.way.iter().copied().chain([index]).collect();
                    open.push_back(Open { node: step.node, way, above: above.clone() });
                }
            }
            match step_at(&mut trace.steps, &here.way) {
                Some(step) => step.next = steps,
                None => trace.steps = steps,
            }
        }
        mark_circles(root, &mut trace.steps);
        trace
    }

    /// Returns the direct calls from or to a node, several between the same two as one.
    fn calls(&self, node: Node, direction: Direction, unresolved: &mut Vec<Tie>) -> Vec<Step> {
        let ties = match direction {
            Direction::Callees => self.ties_from(node, false),
            Direction::Callers => self.ties_to(node, false),
        };
        let mut by_node: BTreeMap<Node, Step> = BTreeMap::new();
        let mut order = Vec::new();
        for tie in ties.into_iter().filter(|tie| tie.relation == Relation::Calls) {
            let other = match direction {
                Direction::Callees => tie.to,
                Direction::Callers => Some(tie.from),
            };
            let Some(other) = other else {
                unresolved.push(tie);
                continue;
            };
            let step = by_node.entry(other).or_insert_with(|| {
                order.push(other);
                let (cycle, repeated) = (false, false);
                Step { node: other, lines: Vec::new(), confidence: 0, cycle, repeated, next: Vec::new() }
            });
            step.lines.push(tie.line);
            step.confidence = step.confidence.max(tie.confidence);
        }
        let mut steps: Vec<Step> = order.iter().filter_map(|node| by_node.remove(node)).collect();
        for step in &mut steps {
            step.lines.sort_unstable();
            step.lines.dedup();
        }
        steps
    }

    /// Returns what depends on a node over any number of links, nearest first, itself left out.
    pub fn hanging_on(&self, node: Node, deepest: u32, most: usize) -> Vec<Hanging> {
        let outer = |tie: &Tie| (!self.is_within(tie.from, node)).then_some(tie.from);
        self.spread(node, deepest, most, &|at| {
            self.ties_to(at, at == node).iter().filter_map(outer).collect()
        })
    }

    /// Returns what a node depends on over any number of links, nearest first, itself left out.
    pub fn hung_from(&self, node: Node, deepest: u32, most: usize) -> Vec<Hanging> {
        let outer = |tie: &Tie| tie.to.filter(|to| !self.is_within(*to, node));
        self.spread(node, deepest, most, &|at| {
            self.ties_from(at, at == node).iter().filter_map(outer).collect()
        })
    }

    fn spread(
        &self,
        node: Node,
        deepest: u32,
        most: usize,
        next: &dyn Fn(Node) -> Vec<Node>,
    ) -> Vec<Hanging> {
        let mut seen: HashMap<Node, u32> = HashMap::from([(node, 0)]);
        let mut found = Vec::new();
        let mut open = VecDeque::from([(node, 0)]);
        while let Some((at, distance)) = open.pop_front() {
            if distance == deepest {
                continue;
            }
            for other in next(at) {
                if found.len() >= most {
                    return found;
                }
                if seen.insert(other, distance + 1).is_none() {
                    found.push(Hanging { node: other, distance: distance + 1 });
                    open.push_back((other, distance + 1));
                }
            }
        }
        found
    }
}

/// Marks the steps whose own calls stand elsewhere in the tree and lead back to who makes them.
fn mark_circles(root: Node, steps: &mut [Step]) {
    let mut next: HashMap<Node, Vec<Node>> = HashMap::new();
    let mut open: Vec<(Node, &[Step])> = vec![(root, steps)];
    while let Some((from, steps)) = open.pop() {
        next.entry(from).or_default().extend(steps.iter().map(|step| step.node));
        open.extend(
            steps.iter().filter(|step| !step.next.is_empty()).map(|step| (step.node, &step.next[..])),
        );
    }
    let leads_back = |from: Node, to: Node| {
        let (mut seen, mut open) = (HashSet::from([from]), vec![from]);
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            open.extend(next.get(&at).into_iter().flatten().filter(|one| seen.insert(**one)));
        }
        false
    };
    let mut open: Vec<(Node, &mut [Step])> = vec![(root, steps)];
    while let Some((from, steps)) = open.pop() {
        for step in steps {
            step.cycle |= step.repeated && leads_back(step.node, from);
            open.push((step.node, &mut step.next));
        }
    }
}

fn step_at<'s>(steps: &'s mut [Step], way: &[usize]) -> Option<&'s mut Step> {
    let (first, rest) = way.split_first()?;
    let mut step = steps.get_mut(*first)?;
    for index in rest {
        step = step.next.get_mut(*index)?;
    }
    Some(step)
}
