use std::{path::Path, time::Duration};

use mcpd_config::Config;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::store::Browsing;

/// A state directory with a memory on it.
struct House {
    memories: Arc<Memories>,
    config: watch::Sender<Arc<Config>>,
    dir: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        Self::with("").await
    }

    async fn with(settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = watch::Sender::new(Arc::new(configured(settings)));
        let store = Store::open(&dir.path().join("mcpd.db"), 2).await.unwrap();
        let memories = Arc::new(Memories::new(store, config.subscribe(), dir.path().join("models")));
        Self { memories, config, dir }
    }

    /// Another process on the same database.
    async fn other(&self) -> Arc<Memories> {
        let store = Store::open(&self.dir.path().join("mcpd.db"), 1).await.unwrap();
        Arc::new(Memories::new(store, self.config.subscribe(), self.dir.path().join("models")))
    }

    async fn put(&self, content: &str) -> String {
        put(&self.memories, "t", content).await
    }

    async fn ask(&self, text: &str) -> Recalled {
        ask(&self.memories, "t", text).await
    }
}

fn configured(settings: &str) -> Config {
    Config::load(Some((Path::new("mcpd.toml"), settings)), &[]).unwrap()
}

fn wish(tenant: &str, content: &str) -> Wish {
    Wish {
        owner: Owner { tenant: tenant.into(), author: "me".into() },
        project: "p".into(),
        level: Level::Short,
        content: content.into(),
        tags: Vec::new(),
        category: None,
        confidence: None,
        created_at: None,
    }
}

async fn put(memories: &Memories, tenant: &str, content: &str) -> String {
    memories.remember(wish(tenant, content)).await.unwrap().stored.id
}

async fn ask(memories: &Memories, tenant: &str, text: &str) -> Recalled {
    let project = memories.store.projects().find(tenant, "p").await.unwrap().id;
    let asked = Asked { text: text.into(), count: 10, counts: true, ..Asked::default() };
    memories.recall(&project, asked).await.unwrap()
}

fn contents(recalled: &Recalled) -> Vec<&str> {
    recalled.found.iter().map(|one| one.memory.content.as_str()).collect()
}

/// The sentence model that `packaging/model/build` makes.
fn model() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/use-multilingual-3.safetensors");
    let file = std::env::var_os("MCPD_MODEL").map_or(built, PathBuf::from);
    assert!(file.exists(), "{} is missing: run packaging/model/build {0}", file.display());
    file
}

#[tokio::test]
async fn what_any_process_wrote_or_removed_is_known_to_the_next_question() {
    let house = House::new().await;
    let other = house.other().await;
    house.put("the cache is Redis").await;
    assert_eq!(contents(&house.ask("redis").await), ["the cache is Redis"]);
    let id = put(&other, "t", "redis runs on port 6380").await;
    assert_eq!(house.ask("redis").await.found.len(), 2);
    other.store.memories().delete(vec![id]).await.unwrap();
    let recalled = house.ask("redis").await;
    assert_eq!(contents(&recalled), ["the cache is Redis"]);
    assert_eq!((recalled.living, recalled.tokens, &recalled.how), (1, 5, &How::Words));
    assert_eq!(recalled.found[0].matched, ["redis"]);
}

#[tokio::test]
async fn tenants_do_not_change_each_others_figures() {
    let house = House::new().await;
    put(&house.memories, "a", "zebra crossing in the north").await;
    put(&house.memories, "a", "the north has rain").await;
    let before = ask(&house.memories, "a", "zebra north").await;
    for number in 0..50 {
        put(&house.memories, "b", &format!("zebra number {number} of the north")).await;
    }
    assert_eq!(ask(&house.memories, "a", "zebra north").await.found, before.found);
    assert!(contents(&before).iter().all(|content| !content.contains("number")));
}

#[tokio::test]
async fn a_row_whose_number_is_given_again_is_nobody_elses() {
    let house = House::new().await;
    let id = house.put("the database is rotated on Monday").await;
    house.ask("database").await;
    let project = house.memories.store.projects().find("t", "p").await.unwrap().id;
    let space = None;
    let known = house.memories.indexes.of(&house.memories.store, &project, space, 0).await.unwrap();
    assert_eq!(known.state.read().entries.len(), 1);
    house.memories.store.memories().delete(vec![id.clone()]).await.unwrap();
    put(&house.memories, "other", "the launch code of the database").await;
    let texts = house.memories.store.memories().texts(&project, &[id]).await.unwrap();
    assert!(texts.is_empty(), "an id means one memory for good");
    assert!(house.ask("database launch").await.found.is_empty());
    assert_eq!(
        contents(&ask(&house.memories, "other", "database").await),
        ["the launch code of the database"]
    );
}

#[tokio::test]
async fn a_first_reading_that_is_broken_off_leaves_nothing_half() {
    let house = House::new().await;
    let mut ids = Vec::new();
    for number in 0..200 {
        ids.push(house.put(&format!("fact number {number} of the house")).await);
    }
    let project = house.memories.store.projects().find("t", "p").await.unwrap().id;
    let reading = house.memories.indexes.of(&house.memories.store, &project, None, 0);
    // Polled a few times and dropped, as when a client hangs up.
    let _ = tokio::time::timeout(Duration::from_micros(300), reading).await;
    house.memories.store.memories().delete(ids[..50].to_vec()).await.unwrap();
    let recalled = house.ask("fact").await;
    assert_eq!(recalled.living, 150);
    assert!(recalled.found.iter().all(|one| !ids[..50].contains(&one.memory.id)));
}

#[tokio::test]
async fn labels_are_short_few_and_looked_at() {
    let house = House::new().await;
    let with = |tags: Vec<String>| Wish { tags, ..wish("t", "tiny") };
    for tags in [vec!["x".repeat(65)], vec![String::new()], vec!["x".to_owned(); 65]] {
        assert!(matches!(house.memories.remember(with(tags)).await, Err(MemoryError::Labels(_))));
    }
    let key = vec!["AKIAIOSFODNN7EXAMPLE".to_owned()];
    assert_eq!(house.memories.remember(with(key)).await.unwrap().suspicion, Some("an AWS access key"));
    for first in [0, 40] {
        let tags = (first..first + 40).map(|number| number.to_string()).collect();
        house.memories.remember(with(tags)).await.unwrap();
    }
    assert_eq!(house.ask("tiny").await.found[0].memory.tags.len(), 64);
}

#[tokio::test]
async fn traces_leave_the_log_when_nobody_reads_it_any_more() {
    let house = House::new().await;
    let id = house.put("Quartzite").await;
    let other = house.other().await;
    let reader = other.store.snapshot().await;
    house.memories.store.memories().delete(vec![id]).await.unwrap();
    let holds = || {
        let log = std::fs::read(house.dir.path().join("mcpd.db-wal")).unwrap_or_default();
        log.windows(9).any(|part| part == b"Quartzite")
    };
    assert!(holds(), "somebody reads");
    reader.end().await;
    house.memories.store.memories().clean_log().await.unwrap();
    assert!(!holds());
}

#[tokio::test]
async fn a_short_memory_that_is_found_often_becomes_mid() {
    let house = House::with("[memory]\npromote_after = 2").await;
    let id = house.put("the build needs clang").await;
    let level = async || house.memories.store.memories().by_id(&id).await.unwrap().memory;
    house.ask("clang").await;
    house.memories.flush().await.unwrap();
    assert_eq!((level().await.level, level().await.found), (Level::Short, 1));
    let short = level().await.expires_at;
    house.ask("clang").await;
    house.memories.flush().await.unwrap();
    assert_eq!((level().await.level, level().await.found), (Level::Mid, 2));
    assert!(level().await.expires_at > short);
    let asked = Asked { level: Some(Level::Mid), text: "clang".into(), count: 3, ..Asked::default() };
    let project = house.memories.store.projects().find("t", "p").await.unwrap().id;
    assert_eq!(house.memories.recall(&project, asked).await.unwrap().found.len(), 1, "the index knows");
}

#[tokio::test]
async fn quotas_hold_for_a_project_and_a_tenant() {
    let house = House::with("[memory]\nproject_memories = 2\ntenant_memories = 3").await;
    house.put("one").await;
    house.put("two").await;
    let full = house.memories.remember(wish("t", "three")).await.unwrap_err();
    assert_eq!(full.to_string(), "the project may keep 2 memories");
    assert!(house.memories.remember(wish("t", "two")).await.unwrap().stored.deduplicated, "nothing is added");
    let elsewhere = |content: &str| Wish { project: "q".into(), ..wish("t", content) };
    house.memories.remember(elsewhere("three")).await.unwrap();
    let full = house.memories.remember(elsewhere("four")).await.unwrap_err();
    assert_eq!(full.to_string(), "the tenant may keep 3 memories");
    house.config.send_replace(Arc::new(configured("[memory]\nproject_size = \"10B\"")));
    let full = house.memories.remember(wish("t", "much too long")).await.unwrap_err();
    assert_eq!(full.to_string(), "the project may keep 10 bytes of memories");
    assert_eq!(house.ask("one two three much").await.living, 2, "what was refused left nothing");
}

#[tokio::test]
async fn a_secret_is_warned_of_or_refused() {
    let house = House::new().await;
    let secret = wish("t", "the key is AKIAIOSFODNN7EXAMPLE");
    assert_eq!(house.memories.remember(secret.clone()).await.unwrap().suspicion, Some("an AWS access key"));
    house.config.send_replace(Arc::new(configured("[memory]\nsecrets = \"refuse\"")));
    assert!(matches!(house.memories.remember(secret.clone()).await, Err(MemoryError::Secret(_))));
    house.config.send_replace(Arc::new(configured("[memory]\nsecrets = \"allow\"")));
    assert_eq!(house.memories.remember(secret).await.unwrap().suspicion, None);
}

#[tokio::test]
async fn what_is_forgotten_is_in_no_file_any_more() {
    let house = House::new().await;
    install(&house).await;
    let id = house.put("Xylophone-quartz is the code name of the merger").await;
    house.put("lunch is at noon").await;
    embedded(&house, 2).await;
    let vector = {
        let rows = house.memories.store.memories();
        let name = house.memories.models.current().unwrap().space().model.to_owned();
        rows.vectors(&name, std::slice::from_ref(&id)).await.unwrap().remove(0).1
    };
    house.memories.store.memories().browse(&Browsing::default(), 9).await.unwrap();
    let holds = |needle: &[u8]| {
        let files = std::fs::read_dir(house.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        files
            .filter(|file| file.is_file())
            .any(|file| std::fs::read(file).unwrap().windows(needle.len()).any(|part| part == needle))
    };
    let needles: [&[u8]; 3] = [b"Xylophone-quartz", b"xylophon", &vector[..64]];
    assert!(needles.iter().all(|needle| holds(needle)), "before");
    assert_eq!(house.memories.store.memories().delete(vec![id]).await.unwrap(), 1);
    assert!(needles.iter().all(|needle| !holds(needle)), "after");
    assert_eq!(contents(&house.ask("xylophone merger lunch").await), ["lunch is at noon"]);
}

#[tokio::test]
async fn terms_of_an_older_analysis_are_made_anew() {
    let house = House::new().await;
    house.put("the servers were deployed").await;
    house.memories.store.memories().spoil_analysis("wrong").await;
    assert!(house.ask("deployment server").await.found.is_empty());
    work_until(&house, "the terms are new", async || !house.ask("deployed server").await.found.is_empty())
        .await;
}

#[tokio::test]
async fn a_model_finds_by_meaning_and_leaves_without_a_trace() {
    let house = House::new().await;
    house.put("we ship every second Tuesday").await;
    house.put("the office dog is called Bella").await;
    let question = "发布的时间是什么时候？";
    assert!(house.ask(question).await.found.is_empty());
    install(&house).await;
    embedded(&house, 2).await;
    let recalled = house.ask(question).await;
    assert_eq!(recalled.how, How::Hybrid(2));
    assert_eq!(recalled.found[0].memory.content, "we ship every second Tuesday");
    assert!(recalled.found[0].semantic.unwrap() > 0.0 && recalled.found[0].matched.is_empty());
    assert!(house.memories.remove_model().await.unwrap() && !house.memories.remove_model().await.unwrap());
    assert_eq!((house.ask(question).await.how, house.ask(question).await.found.len()), (How::Words, 0));
}

#[tokio::test]
async fn what_is_no_model_is_refused_and_leaves_the_old_one() {
    let house = House::new().await;
    install(&house).await;
    let broken = house.dir.path().join("broken");
    std::fs::write(&broken, b"not a model").unwrap();
    let refused = house.memories.install_model(broken).await.unwrap_err();
    assert!(refused.to_string().starts_with("the model cannot be used: "), "{refused}");
    let folder = house.memories.install_model(house.dir.path().to_owned()).await.unwrap_err();
    assert!(folder.to_string().ends_with("it is no regular file"), "{folder}");
    assert_eq!(house.memories.model().await.unwrap().0.state, ModelState::Ready);
    assert_eq!(std::fs::read_dir(house.dir.path().join("models")).unwrap().count(), 1);
}

async fn install(house: &House) {
    house.memories.install_model(model()).await.unwrap();
}

/// Lets the worker work until so many memories have their vectors.
async fn embedded(house: &House, count: i64) {
    work_until(house, "the vectors are there", async || {
        house.memories.model().await.unwrap().1.done == count
    })
    .await;
}

async fn work_until(house: &House, what: &str, met: impl AsyncFn() -> bool) {
    let stop = CancellationToken::new();
    let working = tokio::spawn(Arc::clone(&house.memories).work(stop.clone()));
    let waiting = async {
        while !met().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect(what);
    stop.cancel();
    working.await.unwrap();
}
