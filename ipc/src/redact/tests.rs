use super::*;

#[test]
fn every_form_is_sound() {
    for form in TAKEN.iter().chain(KINDS.iter().map(|(_, form)| form)) {
        bytes::Regex::new(&in_bytes(form)).unwrap();
    }
    assert!(FORMS.is_some() && ANY.is_some());
    assert_eq!(SECRETS.len(), TAKEN.len());
}

#[test]
fn issued_forms_are_suspected() {
    let long = "a1B2".repeat(12);
    for (text, kind) in [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn".to_owned(), "a private key"),
        (format!("use mcpd_sk_{long}"), "a key of mcpd"),
        ("AKIAIOSFODNN7EXAMPLE is the id".to_owned(), "an AWS access key"),
        (format!("token: ghp_{long}"), "a GitHub token"),
        (format!("glpat-{long}"), "a GitLab token"),
        ("xoxb-123456789012-abcdef".to_owned(), "a Slack token"),
        (format!("sk-ant-{long}"), "an API key of a model provider"),
        (format!("sk_live_{long}"), "a Stripe key"),
        ("postgres://app:hunter22@db/app".to_owned(), "a password in an address"),
        ("DB password = \"correcthorse\"".to_owned(), "a password"),
        ("数据库密码：Passw0rd2026".to_owned(), "a password"),
    ] {
        assert_eq!(suspicion(&text), Some(kind), "{text}");
    }
}

#[test]
fn talk_about_secrets_is_none() {
    for text in [
        "passwords are hashed with argon2",
        "the api_key comes from the vault",
        "password: <ask the operator>",
        "set API_KEY=$TOKEN before you start",
        "see https://example.com/a:b@c",
        "sk-learn is a library",
        "密码策略：至少十二位",
    ] {
        assert_eq!(suspicion(text), None, "{text}");
    }
}

#[test]
fn texts_lose_their_secrets_and_nothing_else() {
    let key = "mcpd_sk_7dT0qWmX2bLr_ThisIsNotAKeyButItIsAsLongAsOneWouldBe00000h4Kx2Q";
    let clean = |text: &str| String::from_utf8(redacted(text.as_bytes()).into_owned()).unwrap();
    for (text, left) in [
        (format!("key {key} is unknown"), "key mcpd_sk_7dT0qWmX2bLr_(redacted) is unknown"),
        (
            format!("hex {}", key.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()),
            "hex (redacted)",
        ),
        ("x bWNwZF9za183ZFQwcVdtWDJiTHI y".to_owned(), "x (redacted) y"),
        ("GET /ws?token=abc123&x=1".to_owned(), "GET /ws?token=(redacted)&x=1"),
        ("authorization: Bearer abcdefgh.ijkl".to_owned(), "authorization: Bearer (redacted)"),
        ("at http://ada:hunter22@proxy:8080/".to_owned(), "at http://ada:(redacted)@proxy:8080/"),
        (
            "\"db_password\": \"correct-horse\", \"user\": \"ada\"".to_owned(),
            "\"db_password\": \"(redacted)\", \"user\": \"ada\"",
        ),
        (
            "detail=\"{\\\"token\\\":\\\"0123456789\\\"}\"".to_owned(),
            "detail=\"{\\\"token\\\":\\\"(redacted)\\\"}\"",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nMIIB\nAAAA\n-----END PRIVATE KEY-----\nafter".to_owned(),
            "(redacted)\nafter",
        ),
    ] {
        assert_eq!(clean(&text), left, "{text}");
    }
    for text in [
        "refused reason=\"credentials\" peer=\"192.168.3.7\" detail=\"wrong secret\"",
        "key changed change=\"added\" id=\"7dT0qWmX2bLr\" name=\"laptop\" operator=1000",
        "ready url=\"http://127.0.0.1:8765/mcp\" socket=/run/user/1000/mcpd/mcpd.sock",
        "tokens: 12 of 300",
        "密码策略：至少十二位",
        "call tokens=12 passed=3 key=laptop outcome=\"ok\"",
        "session closed id=4f1c",
        "{\"token\":123456,\"secret\":false,\"password\": -1234567.5,\"pwd\":1234567}",
        "{\"ask\":\"password:\",\"with\":\"a secret=\",\"password=\":\"no\"}",
        "PWD=/home/ada/project",
        "see http://127.0.0.1:8765/a@b and http://[::1]:80/x@y and https://example.com/a:b@c",
        "{\"url\":\"http://host:8080\",\"by\":\"ada@host\"}",
    ] {
        assert!(matches!(redacted(text.as_bytes()), Cow::Borrowed(_)), "{text}");
    }
}

/// Returns a text with one secret of each form, and the word in it that must not stay.
fn secrets() -> Vec<(String, &'static str)> {
    let long = "a1B2c3D4".repeat(6);
    let key = "mcpd_sk_7dT0qWmX2bLr_ThisIsNotAKeyButItIsAsLongAsOneWouldBe00000h4Kx2Q";
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0F\n\nMIIBhunter22\nAA==\n\
               -----END RSA PRIVATE KEY-----";
    let plain = [
        "password=hunter22",
        "\"password\": \"hunter22\"",
        "'password': 'hunter22 x'",
        "password = \"$x hunter22, so}\"",
        "password=\"höhunter22\"",
        "password=*hunter22",
        "password=$hunter22",
        "口令：hunter22",
        "AWS_SECRET_ACCESS_KEY=hunter22/x",
        "secret_key=hunter22",
        "private_key=hunter22",
        "auth_key=hunter22",
        "dbPassword=hunter22",
        "clientSecret: hunter22",
        "passphrase=hunter22",
        "pwd=hunter22",
        "{\"pwd\":\"hunter22\"}",
        "Cookie: sid=hunter22; theme=dark",
        "{\"set-cookie\":\"sid=hunter22\"}",
        "mcp-session-id: hunter22",
        "{\"mcp-session-id\":\"hunter22\"}",
        "postgres://app:p@ss/hunter22@db",
        "redis://:hunter22@db",
        "at http://ada:p\\hunter22@proxy/",
        "Authorization: Basic hunter22",
        "GET /ws?token=hunter22",
        "-----BEGIN PRIVATE KEY-----\nMIIBhunter22aaaaa",
    ];
    let issued = ["ghp_", "glpat-", "xoxb-", "sk-ant-", "sk_live_", "hf_", "npm_", "ya29."];
    let issued = issued.map(|form| (format!("{form}{long}"), "a1B2c3D4"));
    let mut all: Vec<_> = plain.map(|text| (text.to_owned(), "hunter22")).into_iter().chain(issued).collect();
    all.extend([
        (pem.to_owned(), "hunter22"),
        (key.to_owned(), "NotAKey"),
        ("AKIAIOSFODNN7EXAMPLE".to_owned(), "EXAMPLE"),
        (format!("SG.{long}.{long}"), "a1B2c3D4"),
        (format!("eyJ{long}.eyJ{long}.{long}"), "a1B2c3D4"),
    ]);
    all
}

#[test]
fn every_form_is_taken_and_a_line_of_json_stays_one() {
    for (text, secret) in secrets() {
        let clean = String::from_utf8(redacted(text.as_bytes()).into_owned()).unwrap();
        assert!(clean.contains("(redacted)") && !clean.contains(secret), "{text} -> {clean}");
        for text in [text.clone(), format!("first\n{text}\tlast"), format!("a \"{text}\" b")] {
            let inner = serde_json::json!({ "at": 1, "text": text, "token": 1_234_567 }).to_string();
            let nested = serde_json::json!({ "detail": inner, "next": "ada@host" }).to_string();
            for (line, gone) in [(&inner, true), (&nested, !text.starts_with('f') && !text.starts_with('a'))]
            {
                let lines = format!("{line}\n{line}\n{{\"next\":\"ada@host\"}}\n");
                let clean = String::from_utf8(redacted(lines.as_bytes()).into_owned()).unwrap();
                assert_eq!(clean.matches('\n').count(), 3, "{lines} -> {clean}");
                for line in clean.lines() {
                    let read = serde_json::from_str::<serde_json::Value>(line);
                    assert!(read.is_ok(), "{lines} -> {clean}");
                }
                assert!(!gone || !clean.contains(secret), "{lines} -> {clean}");
            }
        }
    }
}

#[test]
fn a_begin_alone_takes_nothing_after_it() {
    let line = "{\"name\":\"-----BEGIN PRIVATE KEY-----\"}\n";
    let two = redacted([line, line].concat().as_bytes()).into_owned();
    assert_eq!(two, "{\"name\":\"(redacted)\"}\n".repeat(2).as_bytes());
    let text = "no -----BEGIN PRIVATE KEY----- is there\nnext\n";
    assert_eq!(&*redacted(text.as_bytes()), b"no (redacted) is there\nnext\n");
    assert_eq!(&*redacted(b"-----BEGIN PRIVATE KEY-----\n"), b"(redacted)\n");
}
