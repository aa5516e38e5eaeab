//! What nothing uses, in every language that says who may use what; and what only seems unused.

use super::{LIMITS, graph, keys, smells};
use crate::smells::{SmellKind, Thresholds};

fn dead(files: &[(&str, &str)]) -> Vec<String> {
    keys(files, SmellKind::DeadCode)
}

#[test]
fn an_unused_private_function_is_dead_in_every_language() {
    for (path, text, key) in [
        ("a.py", "def _gone():\n    pass\n\ndef _used():\n    pass\n\n_used()\n", "function:_gone"),
        ("a.js", "import './b';\nfunction gone() {}\nfunction used() {}\nused();\n", "function:gone"),
        (
            "a.ts",
            "export const x = () => used();\nfunction gone(): void {}\nfunction used(): void {}\n",
            "function:gone",
        ),
        (
            "A.java",
            "public class A { private void gone() {} private void used() {} public void go() { used(); } }\n",
            "method:A.gone",
        ),
        ("a.rs", "fn gone() {}\nfn used() {}\npub fn go() { used(); }\n", "function:gone"),
        ("a.go", "package a\nfunc gone() {}\nfunc used() {}\nfunc Go() { used() }\n", "function:gone"),
        (
            "a.c",
            "static int gone(void) { return 1; }\nstatic int used(void) { return 2; }\nint go(void) { return used(); }\n",
            "function:gone",
        ),
        (
            "a.cpp",
            "class A { public: void go() { used(); } private: void gone() {} void used() {} };\n",
            "method:A.gone",
        ),
        (
            "A.cs",
            "public class A { private void Gone() {} private void Used() {} public void Go() { Used(); } }\n",
            "method:A.Gone",
        ),
        (
            "a.rb",
            "class A\n  def go\n    used\n    used()\n  end\n  private\n  def gone\n  end\n  def used\n  end\nend\n",
            "method:A.gone",
        ),
        (
            "a.php",
            "<?php\nclass A { private function gone() {} private function used() {} public function go() { $this->used(); } }\n",
            "method:A.gone",
        ),
        ("a.kt", "private fun gone() {}\nprivate fun used() {}\nfun go() { used() }\n", "function:gone"),
        (
            "a.swift",
            "private func gone() {}\nprivate func used() {}\npublic func go() { used() }\n",
            "function:gone",
        ),
    ] {
        assert_eq!(dead(&[(path, text)]), [format!("{path}#{key}")], "{path}");
    }
}

#[test]
fn what_is_passed_on_named_in_a_text_or_called_elsewhere_lives() {
    let file = "import atexit\n\ndef _passed():\n    pass\n\ndef _named():\n    pass\n\nclass _Made:\n    def _hook(self):\n        pass\n\ndef _keyed():\n    pass\n\natexit.register(_passed)\nHANDLERS = {\"key\": _keyed}\nCALL = \"a:_named\"\nmade = _Made()\nmade._hook\n";
    assert!(dead(&[("a.py", file)]).is_empty());
    let other = [("a.py", "def _far():\n    pass\n"), ("b.py", "import a\nwhatever(a)._far()\n")];
    assert!(dead(&other).is_empty(), "however it is reached");
    let tested =
        [("a.py", "def _only_tested():\n    pass\n"), ("tests/test_a.py", "from a import _only_tested\n")];
    assert!(dead(&tested).is_empty(), "a test is a use");
}

#[test]
fn what_others_may_call_is_not_dead() {
    let file = "def public():\n    pass\n\nclass Public:\n    def __repr__(self):\n        return ''\n\n    def _missing_(self):\n        pass\n\n    def method(self):\n        pass\n\n@route('/')\ndef _decorated():\n    pass\n";
    assert!(dead(&[("a.py", file)]).is_empty());
    let over = "class Base:\n    def run(self):\n        self._step()\n\n    def _step(self):\n        pass\n\nclass Other(Base):\n    def _step(self):\n        pass\n";
    assert!(dead(&[("a.py", over)]).is_empty());
    let rust = "fn main() {}\nstruct A;\nimpl Drop for A { fn drop(&mut self) {} }\n#[test]\nfn works() {}\n#[unsafe(no_mangle)]\nextern \"C\" fn kept() {}\npub fn go() -> A { A }\n";
    assert!(dead(&[("a.rs", rust)]).is_empty(), "{:?}", dead(&[("a.rs", rust)]));
    assert!(dead(&[("a.h", "static inline int in_header(void) { return 1; }\n")]).is_empty());
    let page = "function called_by_the_page() {}\n";
    assert!(dead(&[("a.js", page)]).is_empty(), "a script without modules");
    let value = "const x = require('x');\nmodule.exports = base => class Mixed extends base { go() { x(); } };\nclass Gone {}\n";
    assert_eq!(
        dead(&[("b.js", value)]),
        ["b.js#class:Gone"],
        "a class that is a value goes wherever that goes"
    );
    let java = "class A { private void readObject(java.io.ObjectInputStream in) {} private A() {} public static void go() {} }\n";
    assert!(dead(&[("A.java", java)]).iter().all(|key| !key.contains("read")), "serialisation calls it");
}

#[test]
fn a_method_that_a_base_from_elsewhere_may_call_is_doubtful() {
    let hook = "class Handler(framework.Base):\n    def _hook(self):\n        pass\n\nclass Plain:\n    def _gone(self):\n        pass\n";
    assert_eq!(dead(&[("a.py", hook)]), ["a.py#method:Plain._gone"]);
    let doubtful = Thresholds { dead_confidence: 30, ..LIMITS };
    let all = graph(&[("a.py", hook)]).smells(&doubtful, &[SmellKind::DeadCode]).found;
    let mut told: Vec<_> = all.iter().map(|one| (one.key.as_str(), one.confidence)).collect();
    told.sort_unstable();
    assert_eq!(told, [("a.py#method:Handler._hook", 40), ("a.py#method:Plain._gone", 80)]);
    let partial = Thresholds { partial: true, ..LIMITS };
    assert!(
        graph(&[("a.py", hook)]).smells(&partial, &[SmellKind::DeadCode]).found.is_empty(),
        "the rest may use it"
    );
}

#[test]
fn a_name_that_may_be_put_together_is_doubtful() {
    let called = "class Reader:\n    def read(self, name):\n        return getattr(self, \"_on_\" + name)()\n\n    def _on_text(self):\n        pass\n\n    def _off_text(self):\n        pass\n";
    assert_eq!(dead(&[("a.py", called)]), ["a.py#method:Reader._off_text"]);
    let formed = called.replace("\"_on_\" + name", "f\"_on_{name}\"");
    assert_eq!(dead(&[("a.py", &formed)]), ["a.py#method:Reader._off_text"]);
}

#[test]
fn what_a_module_does_not_export_and_nothing_uses_is_dead_as_a_whole() {
    let file = "__all__ = ('kept',)\n\ndef kept():\n    pass\n\ndef left_over():\n    pass\n\nclass _Old:\n    def _inner(self):\n        pass\n";
    assert_eq!(dead(&[("a.py", file)]), ["a.py#class:_Old", "a.py#function:left_over"]);
    let found = smells(&[("a.py", file)], SmellKind::DeadCode);
    assert!(found.iter().all(|one| (60..=90).contains(&one.confidence)), "{found:?}");
    let local = "def go():\n    def never():\n        pass\n    def once():\n        pass\n    return once\n";
    assert_eq!(dead(&[("a.py", local)]), ["a.py#function:go.never"]);
}
