//! `mcpctl import-env`: what is planned, what is asked, what is done, and that a second time does no harm.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use std::{fs, path::PathBuf, sync::Mutex};

use fake::{Fake, Said, Script, attended, replies, surroundings};
use mcpd_ipc::{Fault, FaultKind, Request, keys::KeysImport};
use serde_json::{Value, json};

const ENV: &str = "\
# the old one
export API_KEYS=\"laptop:sk-1234567890abcdef, sk-abcdefghijklmnop\"
OPENAI_API_KEY=sk-openai-secret
MCP_API_KEY=sk-ant-openai-secret
ALLOWED_IPS=127.0.0.0/8,fd00:0::/8,10.0.0.0/8,10.1.0.0/8;192.168.9.0/24
HOST=127.0.0.1
PORT=9000
RATE_LIMIT=200   # a minute
MAX_CONNECTIONS=many
LOG_COLOUR='evil\u{1b}[2J'
EVIL\u{202e}NAME=x
not a variable
";

const CONFIG: &str = "# mine\n[server]\nlisten = \"127.0.0.1:8765\" # here\n";

/// Where the daemon of this test keeps its configuration; a script is a plain function and cannot carry it.
static CONFIG_FILE: Mutex<Option<PathBuf>> = Mutex::new(None);
/// One test at a time uses it.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Answers like a daemon that reads that file.
fn answer(request: &Request) -> Result<Value, Fault> {
    let mut reply = (replies::PLENTY.answer)(request)?;
    if matches!(request, Request::Status(_)) {
        reply["config_file"] = json!(*CONFIG_FILE.lock().unwrap());
    }
    if let Request::AllowAdd(add) = request {
        match add.cidr.as_str() {
            "192.168.9.0/24" => return Err(Fault::new(FaultKind::Usage, "evil\u{1b}[2J is not a network")),
            // Listed as fd00::/8, in the daemon's spelling.
            "fd00:0::/8" => {}
            network => {
                reply["entries"].as_array_mut().unwrap().push(json!({"cidr": network, "source": "operator"}))
            }
        }
    }
    Ok(reply)
}

/// Answers like that daemon when it has been told all of it before.
fn again(request: &Request) -> Result<Value, Fault> {
    if matches!(request, Request::KeysImport(_)) {
        return Err(Fault::new(FaultKind::Conflict, "a key has this secret already"));
    }
    answer(request)
}

/// Answers like a daemon that has other keys of these names.
fn clash(request: &Request) -> Result<Value, Fault> {
    let taken = ["imported-1", "ci"];
    if let Request::KeysImport(KeysImport { terms, .. }) = request
        && taken.contains(&terms.name.as_str())
    {
        let message = format!("a key named {:?} exists", terms.name);
        return Err(Fault::new(FaultKind::Conflict, message).hint("choose another name"));
    }
    answer(request)
}

/// Answers like a daemon that does not like the file.
fn strict(request: &Request) -> Result<Value, Fault> {
    if matches!(request, Request::Reload(_)) {
        return Err(Fault::new(FaultKind::Refused, "mcpd.toml:5: limits.per_key: too much"));
    }
    answer(request)
}

/// An older deployment's file, a daemon and its configuration.
struct Move {
    dir: tempfile::TempDir,
    fake: Fake,
}

impl Move {
    fn new(answer: fn(&Request) -> Result<Value, Fault>, env: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".env"), env).unwrap();
        fs::write(dir.path().join("mcpd.toml"), CONFIG).unwrap();
        *CONFIG_FILE.lock().unwrap() = Some(dir.path().join("mcpd.toml"));
        Self { dir, fake: Fake::start(Script { answer, ..replies::PLENTY }) }
    }

    fn config(&self) -> String {
        fs::read_to_string(self.dir.path().join("mcpd.toml")).unwrap()
    }

    fn files(&self) -> usize {
        fs::read_dir(self.dir.path()).unwrap().count()
    }

    async fn run(&self, flags: &[&str], surroundings: mcpctl::Surroundings) -> Said {
        let file = self.dir.path().join(".env");
        let args: Vec<&str> =
            ["import-env", file.to_str().unwrap()].into_iter().chain(flags.iter().copied()).collect();
        self.fake.run_in(&args, surroundings).await.without(self.dir.path(), "~")
    }

    async fn import(&self, flags: &[&str]) -> Said {
        self.run(flags, surroundings(&self.fake.socket())).await
    }

    fn transcript(flags: &[&str], said: &Said) -> String {
        said.transcript(
            &["import-env", "~/.env"].into_iter().chain(flags.iter().copied()).collect::<Vec<_>>(),
        )
    }
}

fn assert_tells_no_secret(said: &Said) {
    for secret in ["567890", "efghij", "openai-secret", "evil\u{1b}"] {
        assert!(
            !said.stdout.contains(secret) && !said.stderr.contains(secret),
            "{}{}",
            said.stdout,
            said.stderr
        );
    }
}

#[tokio::test]
async fn what_is_planned_is_done_and_the_rest_is_named() {
    let _turn = TURN.lock().await;
    let mut all = String::new();
    for flags in [&["--dry-run"][..], &["--yes"], &["--dry-run", "--json"], &["--yes", "--json"]] {
        let home = Move::new(answer, ENV);
        let said = home.import(flags).await;
        assert_tells_no_secret(&said);
        all += &format!("{}\n", Move::transcript(flags, &said));
        let is_dry = flags.contains(&"--dry-run");
        assert_eq!(home.config() == CONFIG, is_dry);
        assert_eq!(home.files(), if is_dry { 2 } else { 3 });
        assert!(!is_dry || home.fake.commands() == ["status"], "{:?}", home.fake.commands());
    }
    insta::assert_snapshot!("done", all);
}

#[tokio::test]
async fn what_reaches_the_daemon_is_what_the_file_says() {
    let _turn = TURN.lock().await;
    let home = Move::new(answer, ENV);
    assert_eq!(home.import(&["--yes"]).await.code, 1, "one network was refused");
    let requests = home.fake.requests.lock().unwrap().clone();
    let keys: Vec<_> = requests.iter().filter(|request| request["command"] == "keys_import").collect();
    let told: Vec<_> =
        keys.iter().map(|key| (&key["args"]["terms"]["name"], &key["args"]["secret"])).collect();
    let expected = [
        (&json!("laptop"), &json!("sk-1234567890abcdef")),
        (&json!("imported-1"), &json!("sk-abcdefghijklmnop")),
    ];
    assert_eq!(told, expected);
    let asked = home.fake.commands();
    assert_eq!(asked.iter().filter(|name| *name == "allow_add").count(), 3, "127.0.0.0/8 is there already");
    assert_eq!(asked.last().unwrap(), "reload");
    insta::assert_snapshot!(home.config(), @r#"
    # mine
    [server]
    listen = "127.0.0.1:9000" # here

    [limits]
    per_key = "200/60s"
    "#);
}

#[tokio::test]
async fn a_second_time_finds_all_of_it_there() {
    let _turn = TURN.lock().await;
    let home = Move::new(answer, ENV);
    home.import(&["--yes"]).await.transcript(&[]);
    let config = home.config();
    let fake = Fake::start(Script { answer: again, ..replies::PLENTY });
    let file = home.dir.path().join(".env");
    let said = fake.run(&["import-env", file.to_str().unwrap(), "--yes"]).await.without(home.dir.path(), "~");
    insta::assert_snapshot!("again", Move::transcript(&["--yes"], &said));
    assert_eq!((home.config(), home.files()), (config, 3));
    assert!(!fake.commands().contains(&"reload".into()));
}

#[tokio::test]
async fn a_name_that_another_key_has_is_no_key_that_is_there() {
    let _turn = TURN.lock().await;
    let home = Move::new(clash, "API_KEYS=sk-1234567890abcdef,ci:sk-abcdefghijklmnop\n");
    let said = home.import(&["--yes"]).await;
    assert!(said.stdout.contains("\nkey imported-2 added\n"), "{}", said.stdout);
    let refused = "\nkey ci refused: a key named \"ci\" exists; choose another name\n";
    assert!(said.code == 1 && said.stdout.contains(refused), "{}", said.stdout);
}

#[tokio::test]
async fn a_file_the_daemon_refuses_is_put_back() {
    let _turn = TURN.lock().await;
    let home = Move::new(strict, "RATE_LIMIT=9\nAPI_KEY=sk-1234567890abcdef\n");
    let said = home.import(&["--yes"]).await;
    insta::assert_snapshot!("refused", Move::transcript(&["--yes"], &said));
    assert_eq!((home.config().as_str(), home.files()), (CONFIG, 2));
}

#[tokio::test]
async fn nobody_listens_beyond_this_machine_by_accident() {
    let _turn = TURN.lock().await;
    let home = Move::new(answer, "HOST=0.0.0.0\nPORT=9000\nMAX_CONNECTIONS=7\n");
    let said = home.import(&["--yes"]).await;
    insta::assert_snapshot!("lan", Move::transcript(&["--yes"], &said));
    assert!(
        !home.config().contains("0.0.0.0") && !home.config().contains("plaintext_lan"),
        "{}",
        home.config()
    );
    assert!(home.config().contains("connections = 7"), "{}", home.config());
}

#[tokio::test]
async fn a_person_is_asked_and_a_script_has_to_say_so() {
    let _turn = TURN.lock().await;
    let home = Move::new(answer, ENV);
    let script = home.import(&[]).await;
    assert_eq!(script.code, 2);
    assert!(script.stderr.ends_with("hint: mcpctl import-env --yes ~/.env\n"), "{}", script.stderr);
    for flags in [&[][..], &["--json"]] {
        let no = home.run(flags, attended(&home.fake.socket(), "\n")).await;
        assert_eq!(no.code, 1);
        assert!(no.stderr.ends_with("do this? [y/N] nothing was changed\n"), "{}", no.stderr);
        assert!(format!("{}{}", no.stdout, no.stderr).contains("sk-1… (19 characters)"), "{}", no.stderr);
    }
    assert_eq!((home.config().as_str(), home.files()), (CONFIG, 2));
    assert!(home.fake.commands().iter().all(|name| name == "status"), "{:?}", home.fake.commands());
    assert_eq!(home.run(&[], attended(&home.fake.socket(), "y\n")).await.code, 1, "one network is refused");
    assert_ne!(home.config(), CONFIG);
}

#[tokio::test]
async fn a_file_without_anything_to_take_is_no_failure() {
    let _turn = TURN.lock().await;
    let home = Move::new(answer, "OPENAI_API_KEY=x\n");
    let said = home.import(&["--yes"]).await;
    insta::assert_snapshot!(Move::transcript(&["--yes"], &said), @"
    $ mcpctl import-env ~/.env --yes
    taken from ~/.env:
      nothing

    not taken:
      unknown here: OPENAI_API_KEY
    ");
    *CONFIG_FILE.lock().unwrap() = None;
    fs::write(home.dir.path().join(".env"), "PORT=9\n").unwrap();
    let said = home.import(&["--yes"]).await;
    assert!(said.stdout.contains("this daemon has read no configuration file"), "{}", said.stdout);
    let missing = home.fake.run(&["import-env", "/nowhere/.env", "--yes"]).await;
    assert!(
        missing.code == 1 && missing.stderr.starts_with("error: cannot read /nowhere/.env"),
        "{}",
        missing.stderr
    );
}
