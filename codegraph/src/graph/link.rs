//! Which definition each reference means: names within the file, then what it imports, then what its language shows it,
//! each step with how sure it is. What is not found stays so, until a file comes that has it.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap, HashSet},
    thread,
};

use super::{Graph, Node, Target, linker::Linker, modules::Place};
use crate::{
    extract::Modules,
    facts::{Kind, Name, Reference, Relation},
    languages,
};

/// Ancestors of a type that are looked through.
pub(super) const ANCESTORS: usize = 64;
/// Definitions of one name that are looked through.
pub(super) const NAMESAKES: usize = 64;
/// Files a definition is passed on over at most: barrels of barrels.
const HANDS: usize = 6;
/// Files linked by one thread at a time.
const PORTION: usize = 64;
/// Which references a round is about: each builds on those before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Imports,
    Ancestors,
    Others,
}

/// What a round found for a file, and the files it looked at on the way: they may change what it finds.
struct Found {
    what: What,
    passed: BTreeSet<u32>,
}

enum What {
    Sources(Vec<Place>),
    Targets(Vec<(usize, Option<Target>)>),
}

impl Graph {
    /// Links what changed since the last time, and what that may have changed for others, on so many threads.
    pub fn link(&mut self, threads: usize) {
        let mut stale: HashSet<u32> = std::mem::take(&mut self.stale_files);
        for name in std::mem::take(&mut self.stale_names) {
            stale.extend(self.mentions.get(&name).into_iter().flatten());
        }
        stale.retain(|place| self.file(*place).is_some());
        let mut stale: Vec<u32> = stale.into_iter().collect();
        stale.sort_unstable();
        let mut passed: HashMap<u32, BTreeSet<u32>> = HashMap::new();
        for place in &stale {
            if let Some(file) = self.files[*place as usize].as_mut() {
                // Where an import led may be gone; nothing is to be passed on from there.
                file.sources.fill(Place::Elsewhere);
            }
        }
        // What is passed on from file to file arrives one file further each time.
        for _ in 0..HANDS {
            if !self.take(&stale, Round::Imports, threads, &mut passed) {
                break;
            }
        }
        self.take(&stale, Round::Ancestors, threads, &mut passed);
        self.take(&stale, Round::Others, threads, &mut passed);
        for place in stale {
            self.tie(place, passed.remove(&place).unwrap_or_default());
        }
    }

    /// Takes what a round finds; `true` when it is not what was known.
    fn take(
        &mut self,
        stale: &[u32],
        round: Round,
        threads: usize,
        passed: &mut HashMap<u32, BTreeSet<u32>>,
    ) -> bool {
        let mut is_new = false;
        for (place, found) in self.round(stale, round, threads.max(1)) {
            passed.entry(place).or_default().extend(found.passed);
            let Some(file) = self.files[place as usize].as_mut() else { continue };
            match found.what {
                What::Sources(sources) => {
                    is_new |= file.sources != sources;
                    file.sources = sources;
                }
                What::Targets(targets) => {
                    targets.into_iter().for_each(|(index, target)| file.targets[index] = target);
                }
            }
        }
        is_new
    }

    fn round(&self, stale: &[u32], round: Round, threads: usize) -> Vec<(u32, Found)> {
        let portions = stale.chunks(PORTION);
        if stale.len() <= PORTION || threads == 1 {
            return stale.iter().filter_map(|place| Some((*place, self.links(*place, round)?))).collect();
        }
        let next = parking_lot::Mutex::new(portions);
        let work = || {
            let mut done = Vec::new();
            loop {
                // Taken in a statement of its own: the lock ends with it.
                let portion = next.lock().next();
                let Some(portion) = portion else { return done };
                done.extend(portion.iter().filter_map(|place| Some((*place, self.links(*place, round)?))));
            }
        };
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for other in others {
                match other.join() {
                    Ok(done) => all.extend(done),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        })
    }

    fn links(&self, place: u32, round: Round) -> Option<Found> {
        let file = self.file(place)?;
        let passed: RefCell<BTreeSet<u32>> = RefCell::default();
        if round == Round::Imports {
            let pass = |file: u32| {
                passed.borrow_mut().insert(file);
            };
            let sources = file.facts.imports.iter().map(|import| self.locate(place, import, &pass)).collect();
            return Some(Found { what: What::Sources(sources), passed: passed.into_inner() });
        }
        let asked = |one: &Reference| {
            let of_ancestors = matches!(one.relation, Relation::Inherits | Relation::Implements);
            of_ancestors == (round == Round::Ancestors)
        };
        let linker = Linker { graph: self, file, place, passed: &passed, memo: RefCell::default() };
        let each = file.facts.references.iter().enumerate().filter(|(_, one)| asked(one));
        let targets = each.map(|(index, one)| (index, linker.target(one))).collect();
        Some(Found { what: What::Targets(targets), passed: passed.into_inner() })
    }

    /// Notes which files a file refers to, and which were passed on the way.
    fn tie(&mut self, place: u32, passed: BTreeSet<u32>) {
        let Some(file) = self.files[place as usize].as_mut() else { return };
        let mut outgoing: BTreeSet<u32> =
            file.targets.iter().flatten().map(|target| target.node.file).collect();
        for source in &file.sources {
            match source {
                Place::Node(node) => {
                    outgoing.insert(node.file);
                }
                Place::Folder(folder) => outgoing.extend(self.index.of_folder(self.names.text(*folder))),
                Place::Package(package) => outgoing.extend(self.index.of_package(*package)),
                Place::Elsewhere => {}
            }
        }
        let before = std::mem::replace(&mut file.outgoing, outgoing.clone());
        let passed_before = std::mem::replace(&mut file.passed, passed.clone());
        turn(&mut self.incoming, place, &before, &outgoing);
        turn(&mut self.passing, place, &passed_before, &passed);
    }

    /// Returns the direct ancestors of a type that are in the tree.
    pub(crate) fn ancestors(&self, node: Node) -> Vec<Node> {
        let Some(file) = self.file(node.file) else { return Vec::new() };
        let own = file.facts.references.iter().zip(&file.targets).filter(|(one, _)| {
            one.from == node.index() && matches!(one.relation, Relation::Inherits | Relation::Implements)
        });
        own.filter_map(|(_, target)| Some((*target)?.node)).collect()
    }

    /// Returns a member of a type, its own or an inherited one; of the file as a whole, a definition at its top.
    pub(crate) fn member(&self, node: Node, name: Name, pass: &dyn Fn(u32)) -> Option<Node> {
        let mut seen = vec![node];
        let mut next = 0;
        while let Some(at) = seen.get(next).copied() {
            next += 1;
            pass(at.file);
            if let Some(member) = self.own_member(at, name) {
                return Some(member);
            }
            if seen.len() < ANCESTORS {
                let above = self.ancestors(at);
                seen.extend(above.into_iter().filter(|one| !seen.contains(one)).collect::<Vec<_>>());
            }
        }
        None
    }

    /// Returns a type's own member, also where the type is continued in another file.
    fn own_member(&self, node: Node, name: Name) -> Option<Node> {
        let own = self.best_member(node, name);
        own.or_else(|| self.continued(node).into_iter().find_map(|other| self.best_member(other, name)))
    }

    /// A field and a method may share a name: what is reached through a receiver is more often the method.
    fn best_member(&self, node: Node, name: Name) -> Option<Node> {
        let callable = self.members(node, name).find(|member| self.kind(*member).is_callable());
        callable.or_else(|| self.members(node, name).next())
    }

    /// Returns where else a type is continued, nearest in the tree first.
    pub(super) fn continued(&self, node: Node) -> Vec<Node> {
        let Some(entity) = self.entity(node).filter(|entity| entity.kind.is_type()) else {
            return Vec::new();
        };
        let (Some(file), Some(named)) = (self.file(node.file), self.definitions.get(&entity.name)) else {
            return Vec::new();
        };
        let continues = |other: &Node| {
            *other != node
                && self.entity(*other).is_some_and(|entity| entity.kind.is_type())
                && self.file(other.file).is_some_and(|other| other.language.meets(file.language))
                && self.continues(*other, node)
        };
        let shared = |other: &Node| {
            let same = file
                .path
                .bytes()
                .zip(self.path(*other).bytes())
                .take_while(|(one, other)| one == other)
                .count();
            std::cmp::Reverse(same)
        };
        let mut others: Vec<Node> = named.iter().take(NAMESAKES).copied().filter(continues).collect();
        others.sort_by_cached_key(|other| (shared(other), self.path(*other).to_owned(), *other));
        others
    }

    /// Answers whether one of two types of the same name only adds to the other: it was declared without a body of its
    /// own, or their language lets a type be opened again.
    fn continues(&self, one: Node, other: Node) -> bool {
        let opened_again = |node: Node| self.kind(node) == Kind::Type;
        let by_language = || {
            let language = self.file(one.file).map(|file| file.language);
            let modules = language.map(|language| languages::grammar(language).modules);
            matches!(modules, Some(Modules::Project | Modules::Include))
        };
        // Two types of one name in one package are the parts of one (`partial`).
        let package = |node: Node| self.file(node.file).and_then(|file| file.facts.package);
        let by_package = || package(one).is_some() && package(one) == package(other);
        opened_again(one) || opened_again(other) || by_language() || by_package()
    }
}

/// Keeps who is tied to whom the other way round, after one changed its ties.
fn turn(reverse: &mut HashMap<u32, BTreeSet<u32>>, place: u32, before: &BTreeSet<u32>, now: &BTreeSet<u32>) {
    for gone in before.difference(now) {
        if let Some(places) = reverse.get_mut(gone) {
            places.remove(&place);
        }
    }
    for new in now.difference(before) {
        reverse.entry(*new).or_default().insert(place);
    }
}
