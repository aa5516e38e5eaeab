//! What one file says: its definitions, what it refers to by name, what it imports. Nothing here knows another file.

use serde::{Deserialize, Serialize};

/// A string in the table of its file, or of the graph once the file is part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name(pub u32);

/// What an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the languages")]
pub enum Kind {
    Module,
    Class,
    Struct,
    Interface,
    Trait,
    Protocol,
    Enum,
    Type,
    Function,
    Method,
    Field,
    Constant,
    Variable,
    Macro,
    Component,
}

impl Kind {
    /// Every kind, in the order people list them.
    pub const ALL: [Self; 15] = [
        Self::Module,
        Self::Class,
        Self::Struct,
        Self::Interface,
        Self::Trait,
        Self::Protocol,
        Self::Enum,
        Self::Type,
        Self::Function,
        Self::Method,
        Self::Field,
        Self::Constant,
        Self::Variable,
        Self::Macro,
        Self::Component,
    ];

    /// Returns the word in answers and ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Class => "class",
            Self::Struct => "struct",
            Self::Interface => "interface",
            Self::Trait => "trait",
            Self::Protocol => "protocol",
            Self::Enum => "enum",
            Self::Type => "type",
            Self::Function => "function",
            Self::Method => "method",
            Self::Field => "field",
            Self::Constant => "constant",
            Self::Variable => "variable",
            Self::Macro => "macro",
            Self::Component => "component",
        }
    }

    /// Answers whether it is a type that may have members and ancestors.
    pub fn is_type(self) -> bool {
        match self {
            Self::Class
            | Self::Struct
            | Self::Interface
            | Self::Trait
            | Self::Protocol
            | Self::Enum
            | Self::Type
            | Self::Component => true,
            Self::Module
            | Self::Function
            | Self::Method
            | Self::Field
            | Self::Constant
            | Self::Variable
            | Self::Macro => false,
        }
    }

    /// Answers whether it runs.
    pub fn is_callable(self) -> bool {
        matches!(self, Self::Function | Self::Method | Self::Macro)
    }
}

/// Who may use an entity, as its file says or its language's custom has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the languages")]
pub enum Visibility {
    Public,
    Protected,
    Internal,
    Private,
}

impl Visibility {
    /// Returns the word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Protected => "protected",
            Self::Internal => "internal",
            Self::Private => "private",
        }
    }
}

/// Something defined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// What it is.
    pub kind: Kind,
    /// Its own name.
    pub name: Name,
    /// The entity of the same file it is defined in; it stands before this one.
    pub parent: Option<u32>,
    /// Line of its name, from 1.
    pub line: u32,
    /// Its first line, decorators and attributes included.
    pub start: u32,
    /// Its last line.
    pub end: u32,
    /// Its head in one line.
    pub signature: String,
    /// What is written about it.
    pub doc: Option<String>,
    /// Who may use it.
    pub visibility: Visibility,
    /// Whether it has a body; a prototype has none.
    pub has_body: bool,
    /// What was measured, where it runs.
    pub metrics: Option<Metrics>,
}

/// What was measured of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// Decisions plus one (McCabe, "A Complexity Measure", 1976).
    pub cyclomatic: u32,
    /// Deepest nesting of decisions and loops.
    pub nesting: u32,
    /// Parameters declared.
    pub parameters: u32,
    /// Lines of documentation that stand inside of it.
    pub doc_lines: u32,
    /// Tokens of the whole function without comments.
    pub tokens: u32,
    /// Smallest hashes of its runs of tokens, identifiers and literals made alike, ascending: the share that two
    /// functions have in common estimates how alike they are (Broder, "On the resemblance and containment of
    /// documents", 1997). Empty for a function too short to tell.
    pub sketch: Vec<u32>,
}

/// How something is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Relation {
    /// It is called.
    Calls,
    /// It is inherited from.
    Inherits,
    /// It is implemented.
    Implements,
    /// It decorates or annotates.
    Decorates,
    /// It is used as a component of a template.
    Uses,
    /// It is imported.
    Imports,
}

impl Relation {
    /// Every relation, in the order people list them.
    pub const ALL: [Self; 6] =
        [Self::Calls, Self::Imports, Self::Inherits, Self::Implements, Self::Decorates, Self::Uses];

    /// Returns the word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Inherits => "inherits",
            Self::Implements => "implements",
            Self::Decorates => "decorates",
            Self::Uses => "uses",
            Self::Imports => "imports",
        }
    }
}

/// What stands before the name that is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Receiver {
    /// Nothing.
    None,
    /// The object or type that the code is part of: `self`, `this`, `Self`.
    Own,
    /// What that object or type inherits from.
    Super,
    /// A path, its parts joined by dots: `os.path`, `self.client`.
    Path(Name),
    /// Something that only running tells.
    Value,
}

/// Something referred to by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// How.
    pub relation: Relation,
    /// The entity that does; absent is the file itself.
    pub from: Option<u32>,
    /// What stands before the name.
    pub receiver: Receiver,
    /// The last part of what is written.
    pub name: Name,
    /// Line of the name, from 1.
    pub line: u32,
}

/// Something taken from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// From where, as it is written: `..models`, `./store`, `crate.a`, `stdio.h`.
    pub module: Name,
    /// What of it; absent is all of it, as one name.
    pub item: Option<Name>,
    /// What it is called here; absent for a glob.
    pub alias: Option<Name>,
    /// Whether everything of it becomes known by its own name.
    pub glob: bool,
    /// Whether nothing is loaded by it when the file is: it is for types alone, or for a file that is run itself.
    pub idle: bool,
    /// Line, from 1.
    pub line: u32,
}

/// What the syntax says of a variable's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Where it is known: a function, or a type for its fields; absent is the whole file.
    pub scope: Option<u32>,
    /// The variable, or a field as `self.name`.
    pub variable: Name,
    /// Its type, or the path of what was called to make it.
    pub type_name: Name,
}

/// A word by which people mark what is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words themselves")]
pub enum Mark {
    Todo,
    Fixme,
    Hack,
    Xxx,
}

impl Mark {
    /// Every word, in the order people list them.
    pub const ALL: [Self; 4] = [Self::Todo, Self::Fixme, Self::Hack, Self::Xxx];

    /// Returns the word as it stands in comments.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Todo => "TODO",
            Self::Fixme => "FIXME",
            Self::Hack => "HACK",
            Self::Xxx => "XXX",
        }
    }
}

/// A line of a comment that marks something as left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// With which word.
    pub mark: Mark,
    /// Line, from 1.
    pub line: u32,
}

/// Everything one file says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Lines.
    pub lines: u32,
    /// What is written about the file itself.
    pub doc: Option<String>,
    /// Package or namespace it declares.
    pub package: Option<Name>,
    /// What it defines, in the order of its text.
    pub entities: Vec<Entity>,
    /// What it refers to.
    pub references: Vec<Reference>,
    /// What it imports.
    pub imports: Vec<Import>,
    /// What is known of types of variables.
    pub bindings: Vec<Binding>,
    /// Places that could not be parsed, and the line of the first.
    pub errors: u32,
    /// Line of the first of them.
    pub first_error: Option<u32>,
    /// Whether more is in it than was kept.
    pub cut: bool,
    /// What its comments mark as left to do, in the order of the text.
    pub markers: Vec<Marker>,
    /// Whether it says that a program wrote it.
    pub generated: bool,
    /// Hashes of the words in it that are not the names of its own definitions, ascending: a name that no file mentions
    /// is used by none.
    pub mentions: Vec<u32>,
    /// The strings that names stand for; empty once the file is part of a graph.
    pub names: Vec<String>,
}

impl Facts {
    /// Returns the text of a name of this file.
    pub fn text(&self, name: Name) -> &str {
        self.names.get(name.0 as usize).map_or("", String::as_str)
    }

    /// Encodes it to keep.
    pub fn encode(&self) -> Vec<u8> {
        // Fails only for sequences of unknown length, of which there are none.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// Decodes what was kept; nothing when it is torn or of another shape.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let facts: Self = postcard::from_bytes(bytes).ok()?;
        facts.is_sound().then_some(facts)
    }

    /// Answers whether every number in it points at something.
    fn is_sound(&self) -> bool {
        let (names, entities) = (self.names.len() as u32, self.entities.len() as u32);
        let name = |name: Name| name.0 < names;
        let scope = |scope: Option<u32>| scope.is_none_or(|scope| scope < entities);
        let receiver = |receiver: Receiver| match receiver {
            Receiver::Path(path) => name(path),
            Receiver::None | Receiver::Own | Receiver::Super | Receiver::Value => true,
        };
        let before = |(index, entity): (usize, &Entity)| {
            name(entity.name) && entity.parent.is_none_or(|parent| (parent as usize) < index)
        };
        self.entities.iter().enumerate().all(before)
            && self.references.iter().all(|one| name(one.name) && scope(one.from) && receiver(one.receiver))
            && self
                .imports
                .iter()
                .all(|one| name(one.module) && one.item.is_none_or(name) && one.alias.is_none_or(name))
            && self.bindings.iter().all(|one| scope(one.scope) && name(one.variable) && name(one.type_name))
            && self.package.is_none_or(name)
    }
}
