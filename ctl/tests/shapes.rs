//! The JSON that scripts rely on: docs/mcpctl.md tells the shape of every reply, and this holds it to what is printed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use fake::{Fake, Script, Shared, memories::IDS, replies, surroundings};
use mcpd_ipc::{Fault, FaultKind, Request};
use serde_json::{Map, Value, json};

/// Every command whose reply has a shape of its own, with what else it takes.
const COMMANDS: &[&[&str]] = &[
    &["status"],
    &["stats"],
    &["keys", "add", "laptop"],
    &["keys", "list"],
    &["keys", "show", "laptop"],
    &["keys", "rotate", "laptop"],
    &["keys", "rename", "laptop", "desk"],
    &["keys", "revoke", "laptop"],
    &["allow", "list"],
    &["allow", "test", "192.168.3.7"],
    &["connections", "list"],
    &["connections", "close", "17"],
    &["sessions", "list"],
    &["sessions", "close", "4f0a"],
    &["tools", "list"],
    &["tools", "show", "retrieve_memory"],
    &["tools", "disable", "retrieve_memory"],
    &["tools", "call", "ping"],
    &["memory", "list"],
    &["memory", "show", IDS[0]],
    &["memory", "delete", IDS[0]],
    &["memory", "export"],
    &["memory", "export", EXPORTED, "--force"],
    &["memory", "import", LINES],
    &["memory", "model"],
    &["projects", "list"],
    &["projects", "show", "demo"],
    &["projects", "analyze", "demo"],
    &["projects", "forget", "demo"],
    &["projects", "push", TREE, "--project", "demo"],
    &["logs"],
    &["doctor"],
    &["audit", "tail"],
    &["audit", "verify"],
    &["bundle", EXPORTED, "--force"],
    &["backup", "/srv/mcpd.backup"],
    &["restore", "/srv/mcpd.backup", "--yes"],
    &["reload"],
    &["drain"],
    &["connect", "claude-code"],
    &["connect", "cursor"],
    &["connect", "cursor", "--write"],
    &["connect", "cursor", "--undo"],
    &["import-env", ENV, "--yes"],
];

/// The file of an older deployment.
const ENV: &str = "old.env";

/// A file of memories, one of Markdown that is not UTF-8, and one that is made.
const LINES: &str = "memories.jsonl";
const NOTE: &str = "note.md";
const EXPORTED: &str = "exported.jsonl";

/// A tree of code, of which something is refused.
const TREE: &str = "tree";

/// Memories of which some are bad.
const MEMORIES: &str = "{\"type\":\"memory\",\"project\":\"p\",\"content\":\"a secret\"}\nnone\n";

/// A record of the audit by its seal.
const CHECKPOINT: &str = "17:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Commands that answer like another and have more to say.
const ALIKE: &[(&[&str], &[&str])] = &[
    (&["allow", "list"], &["allow", "add", "10.0.0.0/8"]),
    (&["audit", "verify"], &["audit", "verify", "--checkpoint", CHECKPOINT]),
    (&["memory", "show", IDS[0]], &["memory", "show", IDS[2]]),
    (&["projects", "analyze", "demo"], &["projects", "analyze", "stopped"]),
    (&["projects", "analyze", "demo"], &["projects", "analyze", "huge"]),
    (
        &["projects", "push", TREE, "--project", "demo"],
        &["projects", "push", TREE, "--project", "x", "--dry-run"],
    ),
    (&["memory", "import", LINES], &["memory", "import", NOTE, "--project", "p"]),
];

/// Members whose own members are names of things, or whatever a tool says.
const MAPS: &[&str] = &["refusals", "tools"];
const ANYTHING: &[&str] = &["published", "result", "entry"];

/// Objects that occur in several replies, by a member that no other has.
const THINGS: &[(&str, &str)] = &[
    ("KEY", "deny_tools"),
    ("MEMORY", "tokens"),
    ("SESSION", "revision"),
    ("TOOL", "read_only"),
    ("BACKUP", "made_at"),
    ("PROJECT", "worktree"),
    ("ANALYSIS", "phase"),
];

/// What is known of the things that have a name.
type Things = BTreeMap<&'static str, Shape>;

/// What is known of a value from all the examples of it.
#[derive(Default)]
struct Shape {
    kinds: BTreeSet<&'static str>,
    members: Vec<(String, Shape, usize)>,
    objects: usize,
    items: Option<Box<Shape>>,
}

impl Shape {
    fn learn(&mut self, value: &Value, things: &mut Things) {
        match value {
            Value::Null => self.is("null"),
            Value::Bool(_) => self.is("true or false"),
            Value::Number(_) => self.is("number"),
            Value::String(_) => self.is("text"),
            Value::Array(items) => {
                let shape = self.items.get_or_insert_default();
                items.iter().for_each(|item| shape.learn(item, things));
            }
            Value::Object(members) => match THINGS.iter().find(|(_, member)| members.contains_key(*member)) {
                Some((thing, _)) => {
                    self.kinds.insert(thing);
                    let mut known = things.remove(thing).unwrap_or_default();
                    known.learn_members(members, things);
                    things.insert(thing, known);
                }
                None => self.learn_members(members, things),
            },
        }
    }

    fn is(&mut self, kind: &'static str) {
        self.kinds.insert(kind);
    }

    fn learn_members(&mut self, members: &Map<String, Value>, things: &mut Things) {
        self.objects += 1;
        for (name, value) in members {
            let known = self.members.iter().position(|(known, ..)| known == name);
            let index = known.unwrap_or_else(|| {
                self.members.push((name.clone(), Self::default(), 0));
                self.members.len() - 1
            });
            let (_, shape, times) = &mut self.members[index];
            *times += 1;
            match value.as_object() {
                Some(_) if ANYTHING.contains(&name.as_str()) => {
                    shape.is("any object");
                }
                Some(named) if MAPS.contains(&name.as_str()) => {
                    shape.is("by name");
                    let each = shape.items.get_or_insert_default();
                    named.values().for_each(|value| each.learn(value, things));
                }
                Some(_) | None => shape.learn(value, things),
            }
        }
    }

    fn tell(&self, indent: usize) -> String {
        let pad = "  ".repeat(indent);
        let mut told: Vec<String> =
            self.kinds.iter().filter(|kind| **kind != "by name").map(ToString::to_string).collect();
        if let Some(items) = &self.items {
            let each = items.tell(indent);
            let named = self.kinds.contains("by name");
            told.insert(0, if named { format!("{{ NAME: {each} }}") } else { format!("[{each}]") });
        }
        if self.objects > 0 {
            let member = |(name, shape, times): &(String, Self, usize)| {
                let sometimes = if *times < self.objects { "?" } else { "" };
                format!("{pad}  {name}{sometimes}: {}\n", shape.tell(indent + 1))
            };
            let members: String = self.members.iter().map(member).collect();
            told.insert(0, format!("{{\n{members}{pad}}}"));
        }
        told.join(" or ")
    }
}

/// Where a daemon of these examples keeps its configuration; a script is a plain function and cannot carry it.
static CONFIG_FILE: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Answers with something to show for everything, and has a configuration file that is there.
fn plenty(request: &Request) -> Result<Value, Fault> {
    let mut reply = (replies::PLENTY.answer)(request)?;
    if matches!(request, Request::KeysImport(import) if import.terms.name == "ci") {
        return Err(Fault::new(FaultKind::Conflict, "a key has this secret already"));
    }
    if matches!(request, Request::AllowAdd(add) if add.cidr == "192.168.9.0/24") {
        return Err(Fault::new(FaultKind::Refused, "not that one"));
    }
    if matches!(request, Request::Status(_)) {
        reply["config_file"] = json!(*CONFIG_FILE.lock().unwrap());
    }
    Ok(reply)
}

/// What stands in an older deployment's file: much, something else that is refused, nothing.
const ENVS: [&str; 3] = [
    "API_KEYS=laptop:sk-1234567890abcdef,ci:sk-abcdefghijklmnop\nALLOWED_IPS=10.0.0.0/8\nHOST=127.0.0.1\nPORT=9000\nRATE_LIMIT=200\n\
     MAX_CONNECTIONS=7\n",
    "HOST=0.0.0.0\nPORT=many\nOPENAI_API_KEY=x\nnot a variable\nALLOWED_IPS=192.168.9.0/24\n",
    "",
];

/// A home with a client's file in it, an older deployment's, and a daemon's configuration.
struct Home(tempfile::TempDir);

impl Home {
    fn new(env: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        for (file, text) in
            [(ENV, env), (LINES, MEMORIES), ("mcpd.toml", "[server]\nlisten = \"127.0.0.1:1\"\n")]
        {
            fs::write(home.0.path().join(file), text).unwrap();
        }
        fs::create_dir(home.0.path().join(TREE)).unwrap();
        for file in ["a.py", "binary.py"] {
            fs::write(home.0.path().join(TREE).join(file), "x").unwrap();
        }
        if !env.is_empty() {
            fs::create_dir(home.0.path().join(".cursor")).unwrap();
            fs::write(home.0.path().join(".cursor/mcp.json"), "{}").unwrap();
        }
        *CONFIG_FILE.lock().unwrap() = Some(home.0.path().join("mcpd.toml"));
        home
    }

    /// Runs a command and returns what it prints: one value, or a value a line.
    async fn run(&self, args: &[&str], socket: &Path) -> Vec<Value> {
        let here = |arg: &&str| match *arg {
            ENV | LINES | NOTE | EXPORTED | TREE => self.0.path().join(arg).to_str().unwrap().to_owned(),
            _ => (*arg).to_owned(),
        };
        let args: Vec<String> = args.iter().map(here).chain(["--json".to_owned()]).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut surroundings = surroundings(socket);
        surroundings.home = Some(self.0.path().to_owned());
        let said = fake::run(&args, surroundings, Shared::default()).await;
        let values = serde_json::Deserializer::from_str(&said.stdout).into_iter();
        values.map(Result::unwrap).collect()
    }
}

async fn shape(args: &[&str], things: &mut Things) -> String {
    let mut shape = Shape::default();
    let plenty = Script { answer: plenty, ..replies::PLENTY };
    let scripts = [Some(plenty), Some(plenty), Some(replies::NOTHING), None];
    let envs = [ENVS[0], ENVS[1], ENVS[2], ENVS[2]];
    for (script, env) in scripts.into_iter().zip(envs) {
        let home = Home::new(env);
        let daemon = script.map(Fake::start);
        let socket = daemon.as_ref().map_or_else(|| home.0.path().join("nobody.sock"), Fake::socket);
        let alike = ALIKE.iter().filter(|(known, _)| *known == args).map(|(_, alike)| *alike);
        // Twice: some things are there already then.
        for args in [args, args].into_iter().chain(alike) {
            if args.contains(&"--undo") {
                home.run(&["connect", "cursor", "--write"], &socket).await;
            }
            home.run(args, &socket).await.iter().for_each(|value| shape.learn(value, things));
        }
    }
    shape.tell(0)
}

#[tokio::test]
async fn the_documented_shapes_are_what_is_printed() {
    let (mut things, mut commands) = (Things::new(), String::new());
    for args in COMMANDS {
        let told = shape(args, &mut things).await;
        assert!(!told.is_empty(), "{args:?} prints no JSON");
        let line = format!("mcpctl {}", args.join(" "));
        let told =
            if told.contains('\n') { format!("{line} {told}\n\n") } else { format!("{line:<40} {told}\n") };
        commands.push_str(&told);
    }
    let things = things.iter().map(|(name, shape)| format!("{name} {}\n\n", shape.tell(0)));
    let things: String = things.collect();
    let page = format!("```text\n{}\n```\n\n```text\n{}\n```\n\n", things.trim_end(), commands.trim_end());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/mcpctl.md");
    let kept = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- shapes: begin -->\n\n", "<!-- shapes: end -->");
    let (before, rest) = kept.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let whole = format!("{before}{begin}{page}{end}{after}");
    if std::env::var("MCPD_BLESS").is_ok() {
        std::fs::write(&path, &whole).unwrap();
    } else {
        assert!(
            kept == whole,
            "docs/mcpctl.md is out of date: MCPD_BLESS=1 cargo test -p mcpctl --test shapes"
        );
    }
}
