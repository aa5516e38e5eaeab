//! `mcpctl connect --write` and `--undo` on files as people have them, in a home of the test's own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use fake::{Fake, Said, attended, replies, surroundings};

/// A home, and a daemon to connect to.
struct Home {
    dir: tempfile::TempDir,
    fake: Fake,
}

impl Home {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), fake: Fake::start(replies::PLENTY) }
    }

    /// Makes a home with one file in it.
    fn with(file: &str, text: &str) -> Self {
        let home = Self::new();
        fs::create_dir_all(home.path(file).parent().unwrap()).unwrap();
        fs::write(home.path(file), text).unwrap();
        fs::set_permissions(home.path(file), fs::Permissions::from_mode(0o644)).unwrap();
        home
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// Returns what lies beside a file, itself included.
    fn beside(&self, file: &str) -> Vec<String> {
        let names = fs::read_dir(self.path(file).parent().unwrap()).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    async fn connect(&self, line: &str) -> Said {
        let mut surroundings = surroundings(&self.fake.socket());
        surroundings.home = Some(self.dir.path().to_owned());
        self.run(line, surroundings).await
    }

    /// Runs `connect` for somebody who types an answer.
    async fn connect_attended(&self, line: &str, typed: &'static str) -> Said {
        let mut surroundings = attended(&self.fake.socket(), typed);
        surroundings.home = Some(self.dir.path().to_owned());
        self.run(line, surroundings).await
    }

    async fn run(&self, line: &str, surroundings: mcpctl::Surroundings) -> Said {
        let args: Vec<&str> = ["connect"].into_iter().chain(line.split_whitespace()).collect();
        self.fake.run_in(&args, surroundings).await.without(self.dir.path(), "~")
    }
}

const SECRET: &str = "SECRETSECRETSECRET";

/// Each client, its file, and what somebody has in it: comments, a server of another kind, settings of their own.
const CLIENTS: [(&str, &str, &str); 7] = [
    (
        "claude-code",
        ".claude.json",
        "{\n  \"numStartups\": 34,\n  \"mcpServers\": {\n    \"other\": {\"type\": \"stdio\", \"command\": \"x\", \"args\": []}\n  },\n  \"projects\": {}\n}\n",
    ),
    (
        "claude-desktop",
        ".config/Claude/claude_desktop_config.json",
        "{\n\t\"globalShortcut\": \"\",\n\t\"mcpServers\": {\n\t\t\"other\": {\n\t\t\t\"command\": \"x\"\n\t\t}\n\t}\n}",
    ),
    (
        "cursor",
        ".cursor/mcp.json",
        "{\n  // the team's\n  \"mcpServers\": {\n    \"other\": { \"url\": \"https://example.org/mcp\" }, // keep\n  },\n}\n",
    ),
    (
        "vscode",
        ".config/Code/User/mcp.json",
        "{\n    \"inputs\": [],\n    \"servers\": {\n        /* old */\n        \"other\": {\"command\": \"x\"}\n    }\n}\n",
    ),
    (
        "windsurf",
        ".codeium/windsurf/mcp_config.json",
        "{\"mcpServers\":{\"other\":{\"serverUrl\":\"https://example.org\"}}}",
    ),
    (
        "gemini-cli",
        ".gemini/settings.json",
        "{\r\n  \"theme\": \"Dracula\", // dark\r\n  \"selectedAuthType\": \"none\"\r\n}\r\n",
    ),
    (
        "codex",
        ".codex/config.toml",
        "# mine\nmodel = \"o9\" # the big one\n\n[mcp_servers.other]\ncommand = \"x\"\nargs = [\"a\"] # why\n\n[profiles.fast]\nmodel = \"o1\"\n",
    ),
];

#[tokio::test]
async fn every_client_is_connected_and_put_back_byte_for_byte() {
    for (client, file, text) in CLIENTS {
        let home = Home::with(file, text);
        let key = if client == "claude-desktop" { "--key mcpd_sk_x" } else { "" };
        let said = home.connect(&format!("{client} --write {key}")).await;
        assert_eq!(said.code, 0, "{client}: {}", said.stderr);
        assert!(!said.stdout.contains(SECRET) && !said.stderr.contains(SECRET), "{client}: {}", said.stdout);
        let written = home.text(file).replace('\r', "␍");
        insta::assert_snapshot!(
            format!("{client}_written"),
            format!("{}\n{written}", said.transcript(&[client]))
        );
        assert_eq!(home.beside(file).len(), 2, "{client}: the file and its copy");

        let undone = home.connect(&format!("{client} --undo")).await;
        assert_eq!(undone.stdout.lines().next().unwrap(), format!("put ~/{file} back as it was"), "{client}");
        assert_eq!(home.text(file), text, "{client}");
        assert_eq!(home.beside(file).len(), 1, "{client}: the copy has gone");
        assert_eq!(home.connect(&format!("{client} --undo")).await.code, 1, "{client}: nothing more to undo");
        assert_eq!(home.text(file), text, "{client}");
    }
}

#[tokio::test]
async fn a_missing_file_is_made_private_and_taken_away_again() {
    for (client, file, _) in CLIENTS {
        let home = Home::new();
        let said = home.connect(&format!("{client} --write")).await;
        assert_eq!(said.code, 0, "{client}: {}", said.stderr);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&home.path(file)), 0o600, "{client}");
        if file.contains('/') {
            assert_eq!(mode(home.path(file).parent().unwrap()), 0o700, "{client}");
        }
        assert_eq!(home.beside(file).len(), 2, "{client}: an empty copy says that there was nothing");
        let undone = home.connect(&format!("{client} --undo")).await;
        assert!(
            undone.stdout.starts_with(&format!("removed ~/{file}, which held nothing else\n")),
            "{}",
            undone.stdout
        );
        assert!(home.beside(file).iter().all(|name| !name.contains("mcpd")), "{client}");
        assert!(!home.path(file).exists(), "{client}");
        assert_eq!(home.connect(&format!("{client} --undo")).await.code, 1, "{client}: nothing more to undo");
    }
}

#[tokio::test]
async fn the_same_entry_again_changes_nothing() {
    for (client, file, text) in CLIENTS {
        for flags in ["--key mcpd_sk_x", "--stdio", ""] {
            let home = Home::with(file, text);
            home.connect(&format!("{client} --write {flags}")).await.transcript(&[]);
            let (once, beside) = (home.text(file), home.beside(file));
            let again = home.connect(&format!("{client} --write {flags}")).await;
            assert!(
                again.stdout.contains("already; nothing was changed"),
                "{client} {flags}: {}",
                again.stdout
            );
            assert_eq!((home.text(file), home.beside(file)), (once, beside), "{client} {flags}");
            let issued = home.fake.commands().iter().filter(|name| *name == "keys_add").count();
            assert!(issued <= 1, "{client} {flags}: a key that lives is not issued again");
        }
    }
}

#[tokio::test]
async fn what_others_wrote_since_stays() {
    for (client, file, text) in CLIENTS {
        let home = Home::with(file, text);
        home.connect(&format!("{client} --write --key mcpd_sk_x")).await.transcript(&[]);
        let changed = home.text(file).replace("other", "changed").replace("Dracula", "changed");
        assert_ne!(changed, home.text(file), "{client}");
        fs::write(home.path(file), &changed).unwrap();
        let said = home.connect(&format!("{client} --undo")).await;
        let first = format!("removed the server mcpd from ~/{file}; what else changed there since stays");
        assert_eq!(said.stdout.lines().next().unwrap(), first, "{client}: {}", said.stderr);
        let left = home.text(file);
        assert!(left.contains("changed") && !left.contains("mcpd_sk_x"), "{client}: {left}");
    }
}

#[tokio::test]
async fn a_different_entry_is_replaced_when_nobody_objects_and_comes_back() {
    let file = ".cursor/mcp.json";
    let text = "{\n  \"mcpServers\": {\n    // by hand\n    \"mcpd\": {\"url\": \"http://elsewhere/mcp\"} // mine\n  }\n}\n";
    let home = Home::with(file, text);
    let no = home.connect_attended("cursor --write", "n\n").await;
    insta::assert_snapshot!(no.transcript(&["connect", "cursor", "--write"]), @r"
    $ mcpctl connect cursor --write
    --- stderr
    replace the server mcpd in ~/.cursor/mcp.json, which is a different one? [y/N] nothing was changed
    --- exit 1
    ");
    assert_eq!(home.text(file), text);
    assert!(!home.fake.commands().contains(&"keys_add".into()), "no key is issued before the question");
    assert_eq!(home.connect_attended("cursor --write", "yes\n").await.code, 0);
    let said = home.connect("cursor --write --key mcpd_sk_other --yes").await;
    assert!(
        said.stdout.starts_with("replaced the server mcpd in ~/.cursor/mcp.json; it was a different one"),
        "{}",
        said.stdout
    );
    assert!(
        home.text(file).contains("// by hand") && home.text(file).contains("// mine"),
        "{}",
        home.text(file)
    );
    // Two copies, and so two steps back.
    assert_eq!(home.beside(file).len(), 3);
    assert_eq!(home.connect("cursor --undo").await.code, 0);
    assert!(home.text(file).contains(SECRET));
    assert_eq!(home.connect("cursor --undo").await.code, 0);
    assert_eq!(home.text(file), text);
    assert_eq!(home.connect("cursor --undo").await.code, 1);
    assert_eq!(home.text(file), text, "what stood there before the first --write stays");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_left_alone() {
    let cases = [
        ("cursor", ".cursor/mcp.json", "{\n  \"mcpServers\": {\n    oops\n", "~/.cursor/mcp.json:3: "),
        ("cursor", ".cursor/mcp.json", "[]", "~/.cursor/mcp.json: it is no object; "),
        (
            "cursor",
            ".cursor/mcp.json",
            "{\"mcpServers\": 7}",
            "\"mcpServers\" is not a list of servers by name",
        ),
        ("codex", ".codex/config.toml", "a = 1\nb = = 2\n", "~/.codex/config.toml:2: "),
        (
            "codex",
            ".codex/config.toml",
            "mcp_servers = 7\n",
            "\"mcp_servers\" is not a list of servers by name",
        ),
    ];
    for (client, file, text, place) in cases {
        let home = Home::with(file, text);
        for verb in ["--write", "--undo"] {
            let said = home.connect(&format!("{client} {verb}")).await;
            assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{text}");
            assert!(said.stderr.contains(place) && said.stderr.contains("left as it is"), "{}", said.stderr);
        }
        assert_eq!((home.text(file).as_str(), home.beside(file).len()), (text, 1));
        assert!(home.fake.commands().is_empty(), "nothing is issued for a file that cannot be written");
    }
}

#[tokio::test]
async fn another_file_can_be_named_and_a_link_is_followed() {
    let home = Home::with("real/mcp.json", "{}\n");
    std::os::unix::fs::symlink("real/mcp.json", home.path("link.json")).unwrap();
    fs::set_permissions(home.path("real/mcp.json"), fs::Permissions::from_mode(0o640)).unwrap();
    let link = home.path("link.json");
    let said = home.connect(&format!("cursor --write --key mcpd_sk_x --file {}", link.display())).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(home.text("real/mcp.json").contains("mcpd_sk_x"));
    assert_eq!(fs::metadata(&link).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(home.beside("real/mcp.json").len(), 2);
}

#[tokio::test]
async fn programs_are_told_what_was_done_without_the_secret() {
    let home = Home::new();
    let said = home.connect("vscode --write --json").await;
    insta::assert_snapshot!(said.stdout, @r#"
    {
      "client": "vscode",
      "file": "~/.config/Code/User/mcp.json",
      "name": "mcpd",
      "entry": "added",
      "backup": null,
      "issued": {
        "id": "k7Qm2ZpXa91B",
        "name": "vscode"
      },
      "open_to_others": false
    }
    "#);
    let said = home.connect("vscode --undo --json").await;
    insta::assert_snapshot!(said.stdout, @r#"
    {
      "client": "vscode",
      "file": "~/.config/Code/User/mcp.json",
      "name": "mcpd",
      "put_back": "no_file"
    }
    "#);
}

#[tokio::test]
async fn a_key_is_called_like_its_client_with_a_number_when_that_is_taken() {
    let home = Home::new();
    // The made-up daemon has keys called laptop and evil…; a second cursor finds its own name free.
    home.connect("cursor --write").await.transcript(&[]);
    let requests = home.fake.requests.lock().unwrap().clone();
    let added = requests.iter().find(|request| request["command"] == "keys_add").unwrap();
    assert_eq!(added["args"]["name"], "cursor");
}
