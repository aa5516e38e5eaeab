use super::*;

fn beside(files: &[(&str, &str)]) -> Vec<Beside> {
    let one = |(path, text): &(&str, &str)| Beside {
        path: (*path).to_owned(),
        content: wanted(path).filter(|wanted| *wanted == Wanted::Content).map(|_| text.as_bytes().to_vec()),
    };
    files.iter().map(one).collect()
}

/// Returns how much one manifest declares, and what of it is unbounded.
fn of(path: &str, text: &str) -> (usize, Vec<String>) {
    let read = read(&beside(&[(path, text)]));
    assert_eq!((read.manifests.len(), read.unreadable), (1, 0), "{path}");
    let prefix = format!("{path}: ");
    (read.declared, read.names.iter().map(|name| name.replace(&prefix, "")).collect())
}

#[test]
fn each_kind_is_read() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for (path, text, declared, unbounded) in [
        (
            "package.json",
            r#"{"dependencies": {"a": "^1", "b": "*", "own": "workspace:*", "c": "latest"}, "devDependencies": {"d": "1.2.3", "e": "git+https://x.y/z.git", "f": "git+https://x.y/z.git#v1"}}"#,
            6,
            &["b", "c", "e"][..],
        ),
        (
            "composer.json",
            r#"{"require": {"php": ">=8", "ext-json": "*", "x/a": "^1.0", "x/b": "*", "x/c": "dev-main"}}"#,
            3,
            &["x/b", "x/c"],
        ),
        (
            "Cargo.toml",
            "[dependencies]\na = \"1\"\nb = \"*\"\nown = { path = \"../own\" }\nshared.workspace = true\nc = { git = \"https://x.y/c\" }\n[dev-dependencies]\nd = { version = \"2\", features = [\"x\"] }\n[target.'cfg(unix)'.dependencies]\ne = { git = \"https://x.y/e\", rev = \"abc\" }\n",
            5,
            &["b", "c"],
        ),
        (
            "pyproject.toml",
            "[project]\ndependencies = [\"a>=1\", \"b\", \"c[x]~=2.0; python_version > '3'\"]\n[project.optional-dependencies]\ndev = [\"d\"]\n[tool.poetry.dependencies]\npython = \"^3.9\"\ne = \"*\"\nf = { version = \"^1\" }\n",
            6,
            &["b", "d", "e"],
        ),
        (
            "requirements-dev.txt",
            "# comment\n-r requirements.txt\na==1.0\nb  # any\nc>=2\n\nd @ https://x.y/d-1.0.whl\n",
            4,
            &["b"],
        ),
        (
            "go.mod",
            "module x\n\ngo 1.22\n\nrequire a.b/c v1.2.3\nrequire (\n\td.e/f v0.1.0\n\tg.h/i v0.2.0 // indirect\n)\n",
            2,
            &[],
        ),
        (
            "pom.xml",
            "<project><dependencyManagement><dependencies><dependency><groupId>m</groupId><artifactId>m</artifactId><version>1</version></dependency></dependencies></dependencyManagement><dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId><version>1</version></dependency><!-- <dependency><groupId>x</groupId><artifactId>x</artifactId></dependency> --><dependency><groupId>c</groupId><artifactId>d</artifactId><version>LATEST</version></dependency><dependency><groupId>m</groupId><artifactId>m</artifactId></dependency></dependencies></project>",
            3,
            &["c:d"],
        ),
        (
            "build.gradle.kts",
            "dependencies {\n    implementation(\"a:b:1.0\")\n    testImplementation 'c:d:+'\n    api(project(\":own\"))\n    implementation(libs.x)\n    implementation(\"e:f\")\n}\n",
            3,
            &["c:d"],
        ),
        (
            "Gemfile",
            "source 'https://x.y'\ngem 'a', '~> 1'\ngem \"b\"\ngem 'c', git: 'https://x.y/c', tag: 'v1'\ngem 'own', path: '../own'\ngemspec\n",
            3,
            &["b"],
        ),
        (
            "app/App.csproj",
            "<Project><ItemGroup><PackageReference Include=\"A\" Version=\"1.0\" /><PackageReference Include=\"B\" Version=\"*\" /><PackageReference Include=\"C\"><Version>2</Version></PackageReference><PackageReference Include=\"D\" /></ItemGroup></Project>",
            4,
            &["B"],
        ),
    ] {
        assert_eq!(of(path, text), (declared, names(unbounded)), "{path}");
    }
}

#[test]
fn a_lock_file_beside_or_above_fixes_versions() {
    let manifest = r#"{"dependencies": {"a": "^1"}}"#;
    let read_all = |files: &[(&str, &str)]| {
        let read = read(&beside(files));
        (read.lockable, read.locked)
    };
    assert_eq!(read_all(&[("package.json", manifest)]), (1, 0));
    assert_eq!(read_all(&[("package.json", manifest), ("yarn.lock", "")]), (1, 1));
    assert_eq!(read_all(&[("apps/web/package.json", manifest), ("pnpm-lock.yaml", "")]), (1, 1));
    assert_eq!(read_all(&[("package.json", manifest), ("other/yarn.lock", "")]), (1, 0));
    assert_eq!(read_all(&[("package.json", "{}")]), (0, 0), "what declares nothing has nothing to fix");
    assert_eq!(read_all(&[("requirements.txt", "a==1\nb==2\n")]), (1, 1));
    assert_eq!(read_all(&[("requirements.txt", "a==1\nb>=2\n")]), (1, 0));
    assert_eq!(
        read_all(&[("pom.xml", "<dependency><groupId>a</groupId><artifactId>b</artifactId></dependency>")]),
        (0, 0)
    );
}

#[test]
fn what_is_torn_or_of_others_is_not_counted() {
    let torn = read(&beside(&[("package.json", "{"), ("Cargo.toml", "[["), ("composer.json", "[]")]));
    assert_eq!((torn.unreadable, torn.manifests.len()), (3, 0));
    for path in ["node_modules/a/package.json", "tests/fixtures/Cargo.toml", "vendor/x/go.mod", "readme.txt"]
    {
        assert_eq!(read(&beside(&[(path, "{}")])), Dependencies::default(), "{path}");
    }
    assert!(has_readme(&beside(&[("README.md", "")])) && !has_readme(&beside(&[("docs/readme.md", "")])));
    assert_eq!(wanted("src/main.rs"), None);
}
