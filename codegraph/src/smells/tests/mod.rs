//! Each detector on little code: what it finds, and what it must leave alone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod dead;
mod moving;

use super::{Severity, Smell, SmellKind, Smells, Thresholds};
use crate::{Extractor, Graph, Language, Patience};

pub(super) const LIMITS: Thresholds = Thresholds {
    tests: false,
    partial: false,
    function_lines: 20,
    complexity: 4,
    nesting: 2,
    parameters: 3,
    class_complexity: 10,
    class_methods: 4,
    class_foreign: 2,
    coupling: 3,
    duplicate_tokens: 60,
    duplicate_likeness: 80,
    dead_confidence: 60,
};

pub(super) fn graph(files: &[(&str, &str)]) -> Graph {
    let mut graph = Graph::default();
    for (path, text) in files {
        let language = Language::of_path(path).unwrap();
        let facts = Extractor::default().read(language, path, text.as_bytes(), Patience::ENDLESS).unwrap();
        graph.put(path, language, facts);
    }
    graph.link(1);
    graph
}

pub(super) fn smells(files: &[(&str, &str)], kind: SmellKind) -> Vec<Smell> {
    let Smells { found, cut } = graph(files).smells(&LIMITS, &[kind]);
    assert!(!cut);
    found
}

pub(super) fn keys(files: &[(&str, &str)], kind: SmellKind) -> Vec<String> {
    let mut keys: Vec<String> = smells(files, kind).into_iter().map(|smell| smell.key).collect();
    keys.sort();
    keys
}

/// Returns a function of so many lines.
fn lines(name: &str, count: usize) -> String {
    format!("def {name}():\n{}", "    work()\n".repeat(count - 1))
}

#[test]
fn how_bad_it_is_follows_from_how_far_it_is_beyond() {
    let told = [11, 14, 15, 19, 20, 29, 30, 99].map(|value| Severity::of(value, 10));
    use Severity::{Critical, High, Low, Medium};
    assert_eq!(told, [Low, Low, Medium, Medium, High, High, Critical, Critical]);
    assert!(Severity::of(u32::MAX, 0) == Critical);
    assert!(SmellKind::ALL.into_iter().all(|kind| SmellKind::of_word(kind.as_str()) == Some(kind)));
}

#[test]
fn files_that_import_each_other_are_a_circle() {
    let circle = [
        ("a.py", "import b\n\ndef f():\n    return b.g()\n"),
        ("b.py", "from c import h\n\ndef g():\n    return h()\n"),
        ("c.py", "import a\n\ndef h():\n    return a.f()\n"),
        ("d.py", "import a\nimport a\n"),
    ];
    let found = smells(&circle, SmellKind::CircularDependency);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].key.as_str(), found[0].measures[0].value), ("a.py", 3));
    assert!(found[0].title.contains("a.py -> b.py -> c.py -> a.py"), "{}", found[0].title);
    assert_eq!((found[0].severity, found[0].others.len()), (Severity::Medium, 2));

    let scripts = [
        ("a.ts", "import { b } from './b';\nexport const a = () => b();\n"),
        ("b.ts", "import { a } from './a';\nexport const b = () => a();\n"),
    ];
    assert_eq!(keys(&scripts, SmellKind::CircularDependency), ["a.ts"]);
    let headers = [("a.h", "#include \"b.h\"\nint a(void);\n"), ("b.h", "#include \"a.h\"\nint b(void);\n")];
    assert_eq!(keys(&headers, SmellKind::CircularDependency), ["a.h"]);
}

#[test]
fn a_circle_of_calls_or_of_late_imports_is_less() {
    let calls = [("a.py", "import b\n\ndef f():\n    b.g()\n"), ("b.py", "def g(x):\n    x.f()\n")];
    assert!(keys(&calls, SmellKind::CircularDependency).is_empty(), "only one imports the other");
    for late in [
        "def g():\n    import a\n    a.f()\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\n\ndef g(x: 'a.T'):\n    pass\n",
        "if __name__ == '__main__':\n    import a\n    a.T()\n",
    ] {
        let found =
            smells(&[("a.py", "import b\nclass T: pass\n"), ("b.py", late)], SmellKind::CircularDependency);
        assert_eq!(found.len(), 1);
        assert!(found[0].severity == Severity::Low && found[0].title.contains("no file waits"), "{found:?}");
    }
    let both =
        [("a.py", "import b\nimport c\n"), ("b.py", "import a\n"), ("c.py", "def f():\n    import a\n")];
    let found = smells(&both, SmellKind::CircularDependency);
    assert_eq!(
        (found.len(), found[0].measures[0].value),
        (1, 2),
        "what closes late is no part of it: {found:?}"
    );
    let types = [
        ("a.ts", "import type { B } from './b';\nexport interface A { b: B }\n"),
        ("b.ts", "import { A } from './a';\nexport interface B { a: A }\n"),
        ("c.ts", "import { d } from './d';\nexport const c = d;\n"),
        ("d.ts", "import { c } from './c';\nexport const d = c;\n"),
    ];
    let found = smells(&types, SmellKind::CircularDependency);
    assert_eq!(found.iter().filter(|one| one.title.contains("no file waits")).count(), 1, "{found:?}");
    let rust = [
        ("src/lib.rs", "mod store;\npub use store::Store;\npub struct Name;\n"),
        ("src/store.rs", "use crate::Name;\npub struct Store(Name);\n"),
    ];
    assert!(keys(&rust, SmellKind::CircularDependency).is_empty(), "a crate knows its modules");
    let siblings = [
        ("src/lib.rs", "mod one;\nmod other;\n"),
        ("src/one.rs", "use crate::other::Other;\npub struct One(Other);\n"),
        ("src/other.rs", "use crate::one::One;\npub struct Other(Option<Box<One>>);\n"),
    ];
    let found = smells(&siblings, SmellKind::CircularDependency);
    assert_eq!((found.len(), found[0].severity), (1, Severity::Low), "{found:?}");
}

#[test]
fn a_long_function_is_long_without_what_is_inside_and_about_it() {
    let doc =
        format!("def documented():\n    \"\"\"One.\n{}    \"\"\"\n    work()\n", "    line\n".repeat(600));
    let nested = format!(
        "def outer():\n{}    return inner\n",
        lines("inner", 19).replace('\n', "\n    ").replacen("def", "    def", 1)
    );
    let file = [lines("long", 21), lines("right", 20), doc, nested].concat();
    let found = smells(&[("a.py", &file), ("tests/test_a.py", &lines("test", 99))], SmellKind::LongFunction);
    let told: Vec<_> = found.iter().map(|one| (one.key.as_str(), one.measures[0].value)).collect();
    assert_eq!(told, [("a.py#function:long", 21)]);
    let generated = format!("# Generated by a tool. DO NOT EDIT.\n{}", lines("long", 40));
    assert!(
        keys(&[("a.py", &generated), ("b_pb2.py", &lines("long", 40))], SmellKind::LongFunction).is_empty()
    );
    let all = Thresholds { tests: true, ..LIMITS };
    let tests = graph(&[("tests/test_a.py", &lines("test", 99))]).smells(&all, &SmellKind::ALL);
    assert_eq!(tests.found.len(), 1, "tests are looked at where that is wanted");
    let rust = format!(
        "#[cfg(test)]\nmod tests {{\n    fn long() {{\n{}    }}\n}}\n",
        "        work();\n".repeat(40)
    );
    assert!(keys(&[("a.rs", &rust)], SmellKind::LongFunction).is_empty(), "tests stand in the file");
}

#[test]
fn decisions_depth_and_parameters_are_counted() {
    let file = "def tangled(a):\n    if a and a.b:\n        for c in a:\n            if c:\n                work()\n    return a or None\n\ndef plain(a):\n    if a:\n        work()\n\ndef greedy(a, b, c, d):\n    pass\n\ndef right(a, b, c):\n    pass\n";
    assert_eq!(keys(&[("a.py", file)], SmellKind::HighComplexity), ["a.py#function:tangled"]);
    assert_eq!(keys(&[("a.py", file)], SmellKind::DeepNesting), ["a.py#function:tangled"]);
    assert_eq!(keys(&[("a.py", file)], SmellKind::LongParameterList), ["a.py#function:greedy"]);
    let over = "class Base:\n    def take(self, a, b, c, d):\n        pass\n\nclass Other(Base):\n    def take(self, a, b, c, d):\n        pass\n";
    assert_eq!(
        keys(&[("a.py", over)], SmellKind::LongParameterList),
        ["a.py#method:Base.take"],
        "the other has to"
    );
    let made = "class Base:\n    def __init__(self): pass\n\nclass Other(Base):\n    def __init__(\n        self,\n        a, b, c, d,\n    ): pass\n    def right(\n        self, a, b, c,\n    ): pass\n";
    assert_eq!(
        keys(&[("a.py", made)], SmellKind::LongParameterList),
        ["a.py#method:Other.__init__"],
        "a constructor is free, and callers do not give the object"
    );
    let prototype = [("a.h", "int take(int a, int b, int c, int d);\n")];
    assert!(keys(&prototype, SmellKind::LongParameterList).is_empty(), "a prototype is no function");
}

#[test]
fn a_class_that_does_everything() {
    let method =
        |name: usize| format!("    def m{name}(self, a):\n        if a and a.b:\n            work()\n");
    let of = |count: usize| format!("class Many:\n{}", (0..count).map(method).collect::<String>());
    let found = smells(&[("a.py", &of(6))], SmellKind::GodClass);
    let told: Vec<_> = found.iter().map(|one| (one.key.as_str(), one.measures[0].value)).collect();
    assert_eq!(told, [("a.py#class:Many", 18)]);
    assert!(keys(&[("a.py", &of(4))], SmellKind::GodClass).is_empty(), "complex, and neither wide nor nosy");
    let interface: String =
        (0..30).map(|name| format!("    def m{name}(self):\n        raise NotImplementedError\n")).collect();
    assert!(
        keys(&[("a.py", &format!("class Many:\n{interface}"))], SmellKind::GodClass).is_empty(),
        "it does nothing"
    );
    let getters: String =
        (0..30).map(|name| format!("    def g{name}(self):\n        return self.x\n")).collect();
    let data = format!(
        "class Data:\n{}",
        getters.lines().take(18).map(|line| format!("{line}\n")).collect::<String>()
    );
    assert!(keys(&[("a.py", &data)], SmellKind::GodClass).is_empty(), "what has fields has getters");
}

#[test]
fn neighbours_are_counted_once_and_not_by_calls() {
    let others: String =
        ["A", "B", "C", "D"].map(|name| format!("class {name}:\n    def go(self): pass\n")).concat();
    let user = |names: &[&str]| {
        let calls: String = names.iter().map(|name| format!("        {name}().go()\n")).collect();
        format!(
            "from others import *\n\nclass User:\n    def run(self):\n{calls}\ndef use():\n    User().run()\n"
        )
    };
    let main = ("main.py", "from user import use\nuse()\n");
    let often = user(&["A", "A", "A", "A", "B", "B"]);
    let files = [("others.py", others.as_str()), ("user.py", often.as_str()), main];
    assert!(keys(&files, SmellKind::TightCoupling).is_empty(), "two others, however often");
    let many = user(&["A", "B", "C", "D"]);
    let files = [("others.py", others.as_str()), ("user.py", many.as_str()), main];
    let found = smells(&files, SmellKind::TightCoupling);
    assert_eq!(found.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["user.py#class:User"]);
    assert_eq!((found[0].measures[0].value, found[0].others.len()), (4, 4));
    let barrel = [("others.py", others.as_str()), ("__init__.py", "from others import A, B, C, D\n"), main];
    assert!(keys(&barrel, SmellKind::TightCoupling).is_empty(), "who passes on uses nothing");
    let root = "from others import *\n\ndef main():\n    A()\n    B()\n    C()\n    D()\n";
    assert!(keys(&[("others.py", &others), ("root.py", root)], SmellKind::TightCoupling).is_empty());
}

const SUM: &str = "def total(rows, tax):\n    result = 0\n    for row in rows:\n        if row.open and not row.gone:\n            price = row.price * row.count\n            result = result + price * (1 + tax)\n        elif row.lost:\n            log(\"lost\", row.name)\n    while result > 1000:\n        result = result - bonus(result, 3)\n    return {\"sum\": result, \"tax\": [tax, 1]}\n";

#[test]
fn copies_are_found_under_other_names() {
    let renamed = SUM
        .replace("total", "summe")
        .replace("rows", "items")
        .replace("row", "item")
        .replace("result", "all_of_it")
        .replace("1000", "77")
        .replace("\"lost\"", "'gone'");
    let other = "def total(rows, tax):\n    try:\n        with open(rows) as file:\n            return [line.strip() for line in file if line]\n    except OSError as error:\n        raise Missing(rows) from error\n    finally:\n        assert tax, rows\n        yield lambda x, *y, **z: (x, y, z, tax @ 3, ~x, x[1:2], not y)\n";
    let files = [("a.py", SUM), ("b/c.py", renamed.as_str()), ("d.py", other)];
    let found = smells(&files, SmellKind::DuplicateCode);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].key.as_str(), found[0].others.len()), ("a.py#function:total", 1));
    assert_eq!(found[0].measures[2].value, 100);
    let with_third = [("a.py", SUM), ("b/c.py", renamed.as_str()), ("e.py", renamed.as_str())];
    let found = smells(&with_third, SmellKind::DuplicateCode);
    assert_eq!((found.len(), found[0].measures[1].value), (1, 3), "three are one group");
    assert!(found[0].severity > Severity::Low, "and worse than two");
}

#[test]
fn little_functions_and_tables_are_no_copies() {
    let getter = |name: &str| format!("def {name}(self):\n    return self.{name}\n");
    let files = [("a.py", getter("a")), ("b.py", getter("b"))];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert!(keys(&files, SmellKind::DuplicateCode).is_empty());
    let table = |of: &str, count: usize| {
        let arms: String =
            (0..count).map(|one| format!("            Self::{of}{one} => \"{of}\",\n")).collect();
        format!(
            "impl {of} {{\n    fn word(self) -> &'static str {{\n        match self {{\n{arms}        }}\n    }}\n}}\n"
        )
    };
    let (one, other) = (table("One", 30), table("Other", 28));
    assert!(keys(&[("a.rs", &one), ("b.rs", &other)], SmellKind::DuplicateCode).is_empty());
}

#[test]
fn what_everybody_has_in_common_is_still_found_in_time() {
    let files: Vec<(String, String)> =
        (0..300).map(|at| (format!("m{at}.py"), SUM.replace("total", &format!("t{at}")))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let found = smells(&files, SmellKind::DuplicateCode);
    assert_eq!((found.len(), found[0].measures[1].value), (1, 300));
}
