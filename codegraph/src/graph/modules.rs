//! From what an import says to the files it means.

use super::{
    Graph, Node,
    index::{folder, is_face, last},
};
use crate::{
    Language,
    extract::Modules,
    facts::{Import, Name},
    languages,
};

/// Endings that imports of JavaScript and its kin leave out, in the order they are tried.
const SCRIPTS: [&str; 11] =
    ["", ".ts", ".tsx", ".js", ".jsx", ".vue", ".mjs", ".d.ts", "/index.ts", "/index.tsx", "/index.js"];

/// Where a name leads that is no definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A definition, or a file.
    Node(Node),
    /// All files of a folder.
    Folder(Name),
    /// All files of a package.
    Package(Name),
    /// Out of the tree.
    Elsewhere,
}

impl Graph {
    /// Returns where an import of a file leads: to the item where it names one that is found, else to the module.
    pub(super) fn locate(&self, file: u32, import: &Import, pass: &dyn Fn(u32)) -> Place {
        let Some(of) = self.file(file) else { return Place::Elsewhere };
        let module = self.names.text(import.module);
        let item = import.item.map(|item| self.names.text(item));
        let place = match languages::grammar(of.language).modules {
            Modules::Dotted => self.dotted(&of.path, module, item),
            Modules::Relative => self.relative(&of.path, module),
            Modules::Crate => return self.crate_path(file, module, import.item, pass),
            Modules::Folder => self.go_folder(module),
            Modules::Package => self.package(module, import.item),
            Modules::Include => self.included(&of.path, module),
            Modules::Project => self.included(&of.path, module),
        };
        match (place, import.item) {
            (Place::Node(node), Some(item)) if node.is_file() => {
                self.exported(node.file, item, pass, 0).map_or(place, Place::Node)
            }
            (place, _) => place,
        }
    }

    /// Returns a definition at the top of a file, or what the file imports under that name and so passes on.
    pub(super) fn exported(&self, file: u32, item: Name, pass: &dyn Fn(u32), depth: usize) -> Option<Node> {
        let mut seen = Vec::new();
        let found = self.passed_on(file, item, depth, &mut seen);
        seen.into_iter().for_each(pass);
        found
    }

    /// Files that pass on each other's names form loops, and many ways lead to one file: each is looked at once.
    fn passed_on(&self, file: u32, item: Name, depth: usize, seen: &mut Vec<u32>) -> Option<Node> {
        seen.push(file);
        if let Some(node) = self.members(Node::whole(file), item).next() {
            return Some(node);
        }
        let of = self.file(file)?;
        // Passed on from file to file, but not for ever.
        if depth > 16 {
            return None;
        }
        for (import, source) in of.facts.imports.iter().zip(&of.sources) {
            let Place::Node(node) = source else { continue };
            if import.alias == Some(item) && !node.is_file() {
                return Some(*node);
            }
            if import.glob
                && node.is_file()
                && !seen.contains(&node.file)
                && let Some(found) = self.passed_on(node.file, item, depth + 1, seen)
            {
                return Some(found);
            }
        }
        None
    }

    /// Python: `a.b` from any folder that has it, `.a` beside the file, `..a` above.
    fn dotted(&self, path: &str, module: &str, item: Option<&str>) -> Place {
        let dots = module.len() - module.trim_start_matches('.').len();
        let parts = module.trim_start_matches('.').replace('.', "/");
        if dots == 0 {
            let with_item = item.and_then(|item| self.suffix(&format!("{parts}/{item}"), path));
            return with_item.or_else(|| self.suffix(&parts, path)).map_or(Place::Elsewhere, file_place);
        }
        let mut base = folder(path);
        for _ in 1..dots {
            base = folder(base);
        }
        let module = join(base, &parts);
        let beside = |module: &str| {
            ["{}.py", "{}/__init__.py", "{}.pyi", "{}/__init__.pyi"]
                .iter()
                .find_map(|form| self.place_of(&form.replace("{}", module)))
        };
        let with_item = item.and_then(|item| beside(&join(&module, item)));
        with_item.or_else(|| beside(&module)).map_or(Place::Elsewhere, file_place)
    }

    /// Returns the Python file whose path ends so: the one nearest to who asks, when there are several.
    fn suffix(&self, parts: &str, asking: &str) -> Option<u32> {
        let stem = last(parts);
        let mut found: Vec<(bool, usize, &str, u32)> = Vec::new();
        for place in self.index.stems.get(stem)? {
            let Some(file) = self.file(*place).filter(|file| file.language == Language::Python) else {
                continue;
            };
            let module =
                file.path.trim_end_matches("i").trim_end_matches(".py").trim_end_matches("/__init__");
            let rest = module.strip_suffix(parts);
            let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.ends_with('/')) else { continue };
            let shared = rest.bytes().zip(asking.bytes()).take_while(|(one, other)| one == other).count();
            // A module of one name is found at the top or beside who asks, not anywhere.
            let folder = folder(asking);
            if parts.contains('/')
                || rest.is_empty()
                || rest.trim_end_matches('/') == folder
                || is_source_root(rest)
            {
                // A module does not import itself by the name that another has.
                found.push((&*file.path == asking, rest.len() - shared, &file.path, *place));
            }
        }
        found.into_iter().min().map(|(.., place)| place)
    }

    fn relative(&self, path: &str, module: &str) -> Place {
        let module = module.split(['?', '#']).next().unwrap_or(module);
        let bases: Vec<String> = if module.starts_with('.') {
            vec![normal(&join(folder(path), module))]
        } else if let Some(rest) = module.strip_prefix("@/").or_else(|| module.strip_prefix("~/")) {
            // By custom the source folder of the package that the file is in.
            let roots = path.match_indices("src/").map(|(at, _)| format!("{}src/{rest}", &path[..at]));
            roots.chain([rest.to_owned()]).collect()
        } else {
            Vec::new()
        };
        for base in bases {
            // TypeScript writes the ending of what it is compiled to.
            let plain = base.strip_suffix(".js").or_else(|| base.strip_suffix(".jsx")).map(str::to_owned);
            for base in [Some(base), plain].into_iter().flatten() {
                let found = SCRIPTS.iter().find_map(|ending| self.place_of(&format!("{base}{ending}")));
                if let Some(place) = found {
                    return file_place(place);
                }
            }
        }
        Place::Elsewhere
    }

    fn go_folder(&self, module: &str) -> Place {
        let Some(folders) = self.index.named_folders.get(last(module)) else { return Place::Elsewhere };
        let fits = |folder: &&str| {
            module.ends_with(*folder)
                || folder.ends_with(module)
                || folder.rsplit('/').zip(module.rsplit('/')).take(2).all(|(one, other)| one == other)
        };
        let found = folders.iter().map(|folder| &**folder).filter(fits).max_by_key(|folder| folder.len());
        found.and_then(|folder| self.names.known(folder)).map_or(Place::Elsewhere, Place::Folder)
    }

    /// A type of a package, or the package.
    fn package(&self, module: &str, item: Option<Name>) -> Place {
        let Some(item) = item else {
            let package =
                self.names.known(module).filter(|package| self.index.of_package(*package).next().is_some());
            return package.map_or(Place::Elsewhere, Place::Package);
        };
        if let Some(node) = self.names.known(module).and_then(|package| self.top_of_package(package, item)) {
            return Place::Node(node);
        }
        // `import a.b.C.d`: C is a type of package a.b.
        let outer = module
            .rsplit_once('.')
            .and_then(|(outer, of)| self.top_of_package(self.names.known(outer)?, self.names.known(of)?));
        outer.map_or(Place::Elsewhere, |outer| Place::Node(self.members(outer, item).next().unwrap_or(outer)))
    }

    fn top_of_package(&self, package: Name, item: Name) -> Option<Node> {
        let files = self.index.of_package(package);
        let found = files.filter_map(|file| self.members(Node::whole(file), item).next());
        found.min_by_key(|node| self.path(*node))
    }

    /// Returns the first of some files by their paths: which was read first says nothing.
    pub(super) fn first_of(&self, files: impl Iterator<Item = u32>) -> Option<Node> {
        files.map(Node::whole).min_by_key(|node| self.path(*node))
    }

    /// A header beside the file, or the only one whose path ends so.
    fn included(&self, path: &str, module: &str) -> Place {
        let beside = normal(&join(folder(path), module));
        let direct = ["", ".rb"].iter().find_map(|ending| self.place_of(&format!("{beside}{ending}")));
        if let Some(place) = direct {
            return file_place(place);
        }
        let name = last(module);
        let Some(candidates) = self.index.stems.get(name) else { return Place::Elsewhere };
        let module = normal(module);
        let ends = |place: &&u32| {
            let Some(file) = self.file(**place) else { return false };
            let path = file.path.strip_suffix(".rb").unwrap_or(&file.path);
            path.strip_suffix(module.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let mut fitting = candidates.iter().filter(ends);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => file_place(*only),
            _ => Place::Elsewhere,
        }
    }

    /// Rust: walks `crate.a.b` down from the root of the crate, `self` and `super` from the file.
    pub(super) fn crate_path(
        &self,
        file: u32,
        module: &str,
        item: Option<Name>,
        pass: &dyn Fn(u32),
    ) -> Place {
        let Some(of) = self.file(file) else { return Place::Elsewhere };
        let mut parts = module.split('.').filter(|part| !part.is_empty());
        let Some(first) = parts.next() else { return Place::Elsewhere };
        let root = crate_root(&of.path);
        let mut at = match first {
            "crate" => root.to_owned(),
            "self" => module_folder(&of.path),
            "super" => folder(&module_folder(&of.path)).to_owned(),
            other => match self.crate_named(other).or_else(|| self.own_crate(&of.path)) {
                Some(root) => root,
                // A module beside, or something the file imports itself.
                None => match self.module_at(&join(&module_folder(&of.path), other)) {
                    Some(_) => join(&module_folder(&of.path), other),
                    None => return Place::Elsewhere,
                },
            },
        };
        let mut place = self.module_at(&at);
        let rest: Vec<&str> = parts.chain(item.map(|item| self.names.text(item))).collect();
        for (index, part) in rest.iter().enumerate() {
            if *part == "super" {
                at = folder(&at).to_owned();
                place = self.module_at(&at);
                continue;
            }
            let below = join(&at, part);
            if let Some(next) = self.module_at(&below) {
                (at, place) = (below, Some(next));
                continue;
            }
            // No file: a definition of the file, or what it passes on; the rest are its members.
            let Some(mut node) =
                place.and_then(|place| self.exported(place, self.names.known(part)?, pass, 0))
            else {
                return Place::Elsewhere;
            };
            for part in &rest[index + 1..] {
                let Some(member) = self.names.known(part).and_then(|name| self.members(node, name).next())
                else {
                    break;
                };
                node = member;
            }
            return Place::Node(node);
        }
        place.map_or(Place::Elsewhere, file_place)
    }

    /// Returns the file of a Rust module by its path without ending.
    fn module_at(&self, path: &str) -> Option<u32> {
        ["{}.rs", "{}/mod.rs", "{}/lib.rs", "{}/main.rs"]
            .iter()
            .find_map(|form| self.place_of(&form.replace("{}", path)))
    }

    /// Returns the source folder of the crate that the tree itself is, for its tests, benches and examples: what they
    /// import may be that, under a name that only its manifest tells.
    fn own_crate(&self, path: &str) -> Option<String> {
        let is_beside = ["tests/", "benches/", "examples/"].iter().any(|folder| path.starts_with(folder));
        (is_beside && self.place_of("src/lib.rs").is_some()).then(|| "src".to_owned())
    }

    /// Returns the source folder of a crate of this tree, whose folder has its name or the last part of it.
    fn crate_named(&self, name: &str) -> Option<String> {
        // The longest first: the whole name, then what follows each underscore.
        let endings = name.match_indices('_').map(|(at, _)| &name[at + 1..]);
        let mut roots =
            std::iter::once(name).chain(endings).flat_map(|known_as| self.index.of_crate(known_as));
        roots.find(|root| self.place_of(&format!("{root}/lib.rs")).is_some()).map(str::to_owned)
    }
}

fn file_place(place: u32) -> Place {
    Place::Node(Node::whole(place))
}

/// Folders whose name says that modules begin below.
fn is_source_root(prefix: &str) -> bool {
    matches!(last(prefix.trim_end_matches('/')), "src" | "lib" | "app" | "python" | "Lib")
}

/// Returns the source folder of the crate a file is in: up to the last `src`, else its own folder.
fn crate_root(path: &str) -> &str {
    match path.rfind("src/") {
        Some(at) if at == 0 || path.as_bytes()[at - 1] == b'/' => &path[..at + 3],
        _ => folder(path),
    }
}

/// Returns the folder in which a Rust file's modules are.
fn module_folder(path: &str) -> String {
    let plain = path.strip_suffix(".rs").unwrap_or(path);
    if is_face(last(plain)) { folder(plain).to_owned() } else { plain.to_owned() }
}

fn join(base: &str, rest: &str) -> String {
    match (base.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (_, true) => base.to_owned(),
        (false, false) => format!("{base}/{rest}"),
    }
}

/// Takes `.` and `..` out of a path; what climbs out of the tree is nowhere.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return String::new();
                }
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
