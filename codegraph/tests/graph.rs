//! The graph as questions see it: what names mean, what changes when a file does, who calls whom and in which layers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use mcpd_codegraph::{
    Direction, Extractor, Fit, Graph, Language, Node, Patience, Step, facts::Relation, likeness,
};
use proptest::prelude::*;

fn put(graph: &mut Graph, path: &str, text: &str) {
    let language = Language::of_path(path).unwrap();
    let facts = Extractor::default().read(language, path, text.as_bytes(), Patience::ENDLESS).unwrap();
    graph.put(path, language, facts);
}

fn graph(files: &[(&str, &str)]) -> Graph {
    let mut graph = Graph::default();
    files.iter().for_each(|(path, text)| put(&mut graph, path, text));
    graph.link(2);
    graph
}

/// Returns every link as text, sorted.
fn links(graph: &Graph) -> Vec<String> {
    let mut all: Vec<String> = graph
        .files_by_path()
        .into_iter()
        .flat_map(|file| graph.ties_from(file, true))
        .map(|tie| {
            let to = tie.to.map_or_else(|| "?".to_owned(), |to| graph.id(to));
            let from = graph.id(tie.from);
            let (relation, written) = (tie.relation.as_str(), graph.written(&tie));
            format!("{from} {relation} {written} -> {to} :{} {}", tie.line, tie.confidence)
        })
        .collect();
    all.sort();
    all
}

/// Returns what the calls of a definition lead to.
fn callees(graph: &Graph, name: &str) -> Vec<String> {
    let node = graph.named(name, &|_| true)[0];
    let calls = graph.ties_from(node, false).into_iter().filter(|tie| tie.relation == Relation::Calls);
    calls.map(|tie| tie.to.map_or_else(|| format!("?{}", graph.written(&tie)), |to| graph.id(to))).collect()
}

#[test]
fn a_name_means_what_its_language_says() {
    let python = graph(&[
        ("pkg/__init__.py", "from .store import Store\n"),
        ("pkg/base.py", "class Base:\n    def close(self): pass\n"),
        ("pkg/store.py", "from pkg.base import Base\nclass Store(Base):\n    def put(self): self.close()\n"),
        (
            "main.py",
            "import pkg\nfrom pkg import Store as S\nimport os.path\ndef run(s: S):\n    s.put()\n    pkg.Store().put()\n    os.path.put()\n    print(s)\n",
        ),
    ]);
    let put = "pkg/store.py#method:Store.put";
    assert_eq!(callees(&python, "Store.put"), ["pkg/base.py#method:Base.close"]);
    let run = callees(&python, "run");
    assert_eq!(run[0], put, "a declared type, through an alias and a re-export");
    assert!(run.contains(&"pkg/store.py#class:Store".to_owned()), "{run:?}");
    assert!(run.contains(&"?os.path.put".to_owned()), "what is elsewhere is not guessed at: {run:?}");
    assert!(run.contains(&"?print".to_owned()), "{run:?}");

    let rust = graph(&[
        ("a/src/lib.rs", "pub mod store;\npub use store::Store;\n"),
        (
            "a/src/store.rs",
            "pub struct Store { log: crate::log::Log }\nimpl Store { pub fn new() -> Self { Self { log: todo() } } fn put(&self) { self.log.write_line(); } }\n",
        ),
        ("a/src/log.rs", "pub struct Log;\nimpl Log { pub fn write_line(&self) {} }\n"),
        ("b/src/main.rs", "use my_a::Store;\nfn main() { let s = Store::new(); s.put(); }\n"),
    ]);
    assert_eq!(callees(&rust, "Store.put"), ["a/src/log.rs#method:Log.write_line"], "the type of a field");
    assert_eq!(
        callees(&rust, "main"),
        ["a/src/store.rs#method:Store.new", "a/src/store.rs#method:Store.put"]
    );

    let go = graph(&[
        ("store/store.go", "package store\ntype Store struct{}\nfunc New() *Store { return helper() }\n"),
        (
            "store/more.go",
            "package store\nfunc helper() *Store { return nil }\nfunc (s *Store) Put() { s.put() }\n",
        ),
        ("main.go", "package main\nimport \"example.org/x/store\"\nfunc main() { store.New() }\n"),
    ]);
    assert_eq!(callees(&go, "main"), ["store/store.go#function:New"]);
    assert_eq!(callees(&go, "New"), ["store/more.go#function:helper"], "files of a folder are one package");

    let java = graph(&[
        ("org/x/Store.java", "package org.x;\npublic class Store extends Base { void put() { close(); } }\n"),
        ("org/x/Base.java", "package org.x;\nclass Base { void close() {} }\n"),
        (
            "org/y/Main.java",
            "package org.y;\nimport org.x.Store;\nclass Main { Store store = new Store(); void run() { store.put(); } }\n",
        ),
    ]);
    assert_eq!(
        callees(&java, "Store.put"),
        ["org/x/Base.java#method:Base.close"],
        "inherited, and named alone"
    );
    assert_eq!(callees(&java, "Main.run"), ["org/x/Store.java#method:Store.put"]);

    let c = graph(&[
        ("inc/store.h", "int put(int x);\n"),
        ("store.c", "#include \"inc/store.h\"\nint put(int x) { return x; }\n"),
        ("main.c", "#include \"inc/store.h\"\nint main(void) { return put(1); }\n"),
    ]);
    assert_eq!(callees(&c, "main"), ["store.c#function:put"], "the body, not the prototype");

    let cpp = graph(&[
        ("engine.hpp", "namespace ns { class Engine { public: void start(); int fuel; }; void boot(); }\n"),
        (
            "engine.cpp",
            "#include \"engine.hpp\"\nnamespace ns { void Engine::start() { boot(); } void boot() {} }\n",
        ),
        ("main.cpp", "#include \"engine.hpp\"\nint main() { ns::Engine e; e.start(); ns::boot(); }\n"),
    ]);
    assert!(
        callees(&cpp, "main").contains(&"engine.cpp#function:ns.boot".to_owned()),
        "{:?}",
        callees(&cpp, "main")
    );

    let scripts = graph(&[
        (
            "src/store.ts",
            "export class Store { put() {} }\nexport default function make(): Store { return new Store(); }\n",
        ),
        ("src/index.ts", "export * from './store';\n"),
        (
            "src/app.vue",
            "<script setup lang=\"ts\">\nimport { Store } from './index'\nimport Card from './Card.vue'\nconst store = new Store()\nfunction save() { store.put() }\n</script>\n<template><Card @click=\"save\" /></template>\n",
        ),
        ("src/Card.vue", "<template><div/></template>\n"),
    ]);
    assert_eq!(
        callees(&scripts, "save"),
        ["src/store.ts#method:Store.put"],
        "through a barrel, in a component"
    );
    let uses: Vec<_> = links(&scripts).into_iter().filter(|link| link.contains(" uses ")).collect();
    assert!(uses.iter().any(|link| link.contains("-> src/Card.vue#component:Card")), "{uses:?}");
}

#[test]
fn calls_are_traced_both_ways_and_circles_end() {
    let graph = graph(&[(
        "a.py",
        "def a():\n    b()\n    b()\n    c()\n\ndef b():\n    c()\n\ndef c():\n    a()\n    out()\n",
    )]);
    let a = graph.named("a", &|_| true)[0];
    let told = |steps: &[Step]| -> Vec<(String, Vec<u32>, bool, bool)> {
        steps
            .iter()
            .map(|step| (graph.qualified(step.node), step.lines.clone(), step.cycle, step.repeated))
            .collect()
    };
    let trace = graph.trace(a, Direction::Callees, 5, 100);
    assert_eq!(
        told(&trace.steps),
        [("b".into(), vec![2, 3], false, false), ("c".into(), vec![4], false, false)]
    );
    assert_eq!(
        told(&trace.steps[0].next),
        [("c".into(), vec![7], true, true)],
        "its calls stand elsewhere, and lead back"
    );
    assert_eq!(told(&trace.steps[1].next), [("a".into(), vec![10], true, false)]);
    assert_eq!(graph.written(&trace.unresolved[0]), "out");
    let callers = graph.trace(a, Direction::Callers, 2, 100);
    assert_eq!(told(&callers.steps), [("c".into(), vec![10], false, false)]);
    assert!(graph.trace(a, Direction::Callees, 5, 1).cut);
    let reached: Vec<String> =
        graph.hanging_on(a, 9, 9).iter().map(|one| graph.qualified(one.node)).collect();
    assert_eq!(reached, ["c", "b"], "nearest first");
}

#[test]
fn a_circle_that_is_reached_by_two_ways_is_one() {
    let graph = graph(&[("a.py", "def a():\n    b()\n    c()\n\ndef b():\n    c()\n\ndef c():\n    b()\n")]);
    let trace = graph.trace(graph.named("a", &|_| true)[0], Direction::Callees, 5, 100);
    let circles: Vec<bool> = trace.steps.iter().map(|step| step.next[0].cycle).collect();
    assert_eq!(circles, [true, true]);
    assert!(trace.steps.iter().all(|step| !step.cycle));
}

#[test]
fn an_id_may_hold_what_ids_are_joined_with() {
    let graph = graph(&[
        ("C#/n.cs", "namespace A { namespace B { class C {} } }\n"),
        ("a.cpp", "struct Foo { ~Foo() {} };\n"),
        ("t.kt", "class T { fun `does a.b well`() {} }\n"),
        ("a.py", "def a(): pass\ndef a(): pass\n"),
    ]);
    for file in graph.files_by_path() {
        for node in graph.inside(file) {
            assert_eq!(graph.by_id(&graph.id(node)), Some(node), "{}", graph.id(node));
        }
    }
}

#[test]
fn the_shape_has_layers_circles_and_beginnings() {
    let graph = graph(&[
        ("base.py", "def base():\n    return 1 if base else 2\n"),
        ("one.py", "import two\nfrom base import base\ndef one():\n    two.two()\n    base()\n"),
        ("two.py", "import one\nfrom base import base\ndef two():\n    one.one()\n    base()\n"),
        ("main.py", "from one import one\none()\n"),
        ("tests/test_one.py", "from one import one\none()\n"),
    ]);
    let shape = graph.shape(10);
    let path = |node: &Node| graph.path(*node).to_owned();
    let layers: BTreeMap<String, usize> =
        shape.files.iter().map(|file| (path(&file.node), file.layer)).collect();
    assert_eq!((layers["base.py"], layers["one.py"], layers["two.py"], layers["main.py"]), (0, 1, 1, 2));
    assert_eq!(
        shape.cycles.iter().map(|group| group.iter().map(path).collect::<Vec<_>>()).collect::<Vec<_>>(),
        [["one.py", "two.py"]]
    );
    assert_eq!(shape.entries.iter().map(path).collect::<Vec<_>>(), ["main.py"], "a test is no beginning");
    assert_eq!(graph.id(shape.hot_spots[0].node), "base.py#function:base");
    assert_eq!((shape.hot_spots[0].fan_in, shape.hot_spots[0].cyclomatic), (4, 2), "two calls, two imports");
}

#[test]
fn names_are_found_as_people_remember_them() {
    let graph = graph(&[(
        "app/store.py",
        "class Store:\n    def put(self): pass\n    def output(self): pass\nclass Restore: pass\ndef put(): pass\ndef put(): pass\n",
    )]);
    let found = |text: &str| -> Vec<(String, Fit)> {
        graph.find(text, &|_| true, 10).nodes.iter().map(|(node, fit)| (graph.id(*node), *fit)).collect()
    };
    let fits: Vec<Fit> = found("put").iter().map(|(_, fit)| *fit).collect();
    assert_eq!(fits, [Fit::Exact, Fit::Exact, Fit::Exact, Fit::Part]);
    assert_eq!(found("Store.put")[0], ("app/store.py#method:Store.put".into(), Fit::Exact));
    assert_eq!(found("Store::put"), found("Store.put"));
    assert_eq!(found("app/store.py#function:put~2"), [("app/store.py#function:put~2".into(), Fit::Exact)]);
    assert_eq!(found("app.store.Store")[0].0, "app/store.py#class:Store");
    assert_eq!(found("stre")[0], ("app/store.py#class:Store".into(), Fit::Letters));
    assert_eq!(found(""), []);
    for (node, _) in graph.find("", &|_| true, 10).nodes {
        assert_eq!(graph.by_id(&graph.id(node)), Some(node));
    }
}

#[test]
fn alike_functions_have_alike_sketches() {
    let body = |name: &str, extra: &str| {
        let steps: String =
            (0..12).map(|step| format!("    total = total + scale(item{step}, {step})\n")).collect();
        format!("def {name}(items):\n    total = 0\n{steps}{extra}    return total\n")
    };
    let other = "def other(a):\n".to_owned()
        + &"    if a.x[1] and not b:\n        raise E(a) from b\n    del a[b:c]\n".repeat(5);
    let graph = graph(&[("a.py", &body("one", "")), ("b.py", &body("two", "    log()\n")), ("c.py", &other)]);
    let sketch = |name: &str| graph.about(graph.named(name, &|_| true)[0]).metrics.unwrap().sketch.clone();
    assert!(likeness(&sketch("one"), &sketch("one")) == 1.0);
    assert!(likeness(&sketch("one"), &sketch("two")) > 0.5, "{}", likeness(&sketch("one"), &sketch("two")));
    assert!(
        likeness(&sketch("one"), &sketch("other")) < 0.2,
        "{}",
        likeness(&sketch("one"), &sketch("other"))
    );
}

/// Paths and texts that refer to each other in many ways.
fn some_file() -> impl Strategy<Value = (String, String)> {
    let path = prop::sample::select(vec![
        "a.py",
        "b.py",
        "pkg/__init__.py",
        "pkg/a.py",
        "pkg/b.py",
        "x.ts",
        "y.ts",
        "x/index.ts",
        "z.ts",
        "k.ts",
        "src/lib.rs",
        "src/m.rs",
        "p/A.java",
        "p/B.java",
        "q/A.java",
        "g/one.go",
        "g/two.go",
        "h.h",
        "h.c",
        "m.c",
    ]);
    path.prop_flat_map(|path| {
        let lines = match Language::of_path(path).unwrap() {
            Language::Python => vec![
                "from pkg.a import f\n",
                "import a\n",
                "from .b import *\n",
                "def f():\n    g()\n    a.f()\n",
                "def g():\n    f()\n",
                "class C:\n    def m(self):\n        self.n()\n",
                "class D(C):\n    def n(self):\n        C().m()\n",
                "x = C()\nx.m()\n",
            ],
            Language::TypeScript => vec![
                "import { f } from './x';\n",
                "export * from './y';\n",
                "export * from './z';\n",
                "export * from './k';\n",
                "import { g } from './z';\n",
                "export function f() { g(); }\n",
                "function g() { f(); }\n",
                "export class C { m() { this.n(); } }\n",
                "class D extends C { n() { new C().m(); } }\n",
            ],
            Language::Rust => vec![
                "mod m;\n",
                "use crate::m::f;\n",
                "pub fn f() { g(); crate::m::g(); }\n",
                "pub fn g() { f(); }\n",
                "pub struct C;\n",
                "impl C { pub fn m(&self) { self.n(); } }\n",
                "impl C { fn n(&self) { C.m(); } }\n",
            ],
            Language::Java => vec![
                "package p;\n",
                "package org.r;\n",
                "import org.r.*;\n",
                "import org.r.B;\n",
                "import p.A;\n",
                "class A { void m() { n(); } }\n",
                "class B extends A { A a; void n() { a.m(); } }\n",
            ],
            Language::Go => vec![
                "package g\n",
                "func F() { G() }\n",
                "func G() { F() }\n",
                "type C struct{}\n",
                "func (c *C) M() { c.N() }\n",
            ],
            Language::C
            | Language::Cpp
            | Language::JavaScript
            | Language::Tsx
            | Language::Swift
            | Language::Vue
            | Language::CSharp
            | Language::Ruby
            | Language::Php
            | Language::Kotlin => vec![
                "#include \"h.h\"\n",
                "int f(int x);\n",
                "int f(int x) { return g(x); }\n",
                "int g(int x) { return f(x); }\n",
            ],
        };
        prop::collection::vec(prop::sample::select(lines), 0..6)
            .prop_map(move |lines| (path.to_owned(), lines.concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// However a graph came to be, it is what it would be made at once.
    #[test]
    fn changes_one_by_one_give_the_graph_of_the_end(
        changes in prop::collection::vec((some_file(), any::<bool>(), any::<bool>()), 1..25),
    ) {
        let mut grown = Graph::default();
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for ((path, text), gone, link) in changes {
            if gone {
                grown.remove(&path);
                files.remove(&path);
            } else {
                put(&mut grown, &path, &text);
                files.insert(path, text);
            }
            if link {
                grown.link(1);
            }
        }
        grown.link(1);
        let all: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let at_once = graph(&all);
        prop_assert_eq!(links(&grown), links(&at_once));
        prop_assert_eq!(grown.totals(), at_once.totals());
    }
}
