use proptest::prelude::*;

use super::*;
use crate::segment;

fn indexed(texts: &[&str]) -> Index {
    let mut index = Index::new(Some(2));
    for text in texts {
        index.insert(&segment(text));
    }
    index
}

fn search(index: &Index, question: &str, vector: Option<&[f32]>) -> Found {
    let question = Question::new(question).with_vector(vector.map(<[f32]>::to_vec));
    index.search(&question, 10, |_| true, &Tuning::default())
}

fn places(found: &Found) -> Vec<u32> {
    found.hits.iter().map(|hit| hit.place).collect()
}

fn found(question: &str, texts: &[&str]) -> Vec<u32> {
    places(&search(&indexed(texts), question, None))
}

#[test]
fn one_question_in_two_languages_finds_both() {
    let mut both = found("Redis 蓝绿", &["部署使用蓝绿发布", "the cache is Redis", "lunch at noon"]);
    both.sort_unstable();
    assert_eq!(both, [0, 1]);
}

#[test]
fn a_rare_word_outweighs_a_common_one() {
    assert_eq!(
        found("build zstd", &["the build is slow", "the build uses zstd", "the build is green"])[0],
        1
    );
}

#[test]
fn small_words_alone_make_no_answer_unless_nothing_else_is_asked() {
    let texts = ["to be or not to be", "what is the port", "the cache"];
    assert_eq!(found("what is the kubernetes", &texts), [0_u32; 0]);
    assert_eq!(found("to be or not", &texts), [0]);
}

#[test]
fn what_matched_is_named_as_it_was_asked() {
    let index = indexed(&["用户登录接口 uses getUserName and deploys"]);
    let hit = &search(&index, "登录 GetUserName deployment", None).hits[0];
    assert_eq!(hit.matched, ["登录", "Get", "User", "Name", "GetUserName", "deployment"]);
    assert!(hit.cosine.is_none() && hit.lexical > 0.0);
}

#[test]
fn a_single_character_finds_the_words_it_stands_in() {
    for character in ["登", "录", "口"] {
        assert_eq!(found(character, &["登录接口", "别的"]), [0], "{character}");
    }
}

#[test]
fn what_the_best_texts_share_ranks_the_others() {
    let texts = [
        "the login page uses OAuth",
        "login fails when OAuth expires",
        "OAuth login page of users",
        "a login",
        "login tea",
    ];
    let mut index = indexed(&texts);
    let before = search(&index, "login OAuth", None);
    let related = |found: &Found, place: u32| {
        found.hits.iter().find(|hit| hit.place == place).map(|hit| hit.related.clone()).unwrap_or_default()
    };
    assert!(related(&before, 0).contains(&"page".to_owned()), "{before:?}");
    // One that holds no word of the question is not an answer, whatever it shares.
    let other = index.insert(&segment("a page"));
    assert!(!places(&search(&index, "login OAuth", None)).contains(&other));
}

#[test]
fn a_text_can_be_found_by_its_meaning_alone() {
    let mut index = indexed(&["one", "two", "three", "four"]);
    for (place, vector) in [(0, [1.0, 0.1]), (1, [-1.0, 0.2]), (2, [-0.9, -0.4])] {
        index.set_vector(place, Some(&vector));
    }
    let found = search(&index, "something else", Some(&[1.0, 0.0]));
    assert_eq!(places(&found), [0]);
    assert!(found.hits[0].matched.is_empty() && found.hits[0].cosine.unwrap() > NEAR);
    let exact = found.direction.unwrap().likeness(&[1.0, 0.1]);
    assert!((exact - found.hits[0].cosine.unwrap()).abs() < 0.02);
    assert!(search(&index, "something else", None).hits.is_empty());
    assert!(search(&index, "something else", Some(&[1.0, 0.0, 0.0])).hits.is_empty(), "of another model");
}

#[test]
fn only_what_is_wanted_and_lives_is_found() {
    let mut index = indexed(&["redis one", "redis two", "redis three"]);
    index.remove(0);
    let only = index.search(&Question::new("redis"), 10, |place| place != 1, &Tuning::default());
    assert_eq!(places(&only), [2]);
    assert!(index.search(&Question::new("redis"), 0, |_| true, &Tuning::default()).hits.is_empty());
}

#[test]
fn scores_keep_the_order_and_a_lone_memory_scores_well() {
    assert!(score(0.2, false) < score(0.3, false) && score(0.2, true) < score(0.3, true));
    let hit = &search(&indexed(&["the cache is Redis"]), "redis", None).hits[0];
    assert!((0.4..1.0).contains(&score(hit.rank, false)), "{hit:?}");
}

#[test]
fn what_nearly_all_texts_hold_asks_for_little() {
    let texts: Vec<String> = ["cache", "port", "queue", "login", "index", "deploy", "token"]
        .iter()
        .flat_map(|word| (0..4).map(move |number| format!("team decided the {word} number {number} is new")))
        .collect();
    let index = indexed(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    for question in ["team", "team decided", "the", "is"] {
        let found = search(&index, question, None);
        assert!(score(found.hits[0].rank, false) < 0.3, "{question}: {:?}", found.hits[0]);
    }
    assert!(score(search(&index, "the cache", None).hits[0].rank, false) > 0.3);
}

#[test]
fn a_text_with_a_word_of_the_question_is_found_whatever_a_model_thinks() {
    let mut index = indexed(&["redis is the cache", "other"]);
    index.set_vector(0, Some(&[-1.0, 0.0]));
    index.set_vector(1, Some(&[1.0, 0.0]));
    assert!(places(&search(&index, "redis question", Some(&[1.0, 0.0]))).contains(&0));
    assert_eq!(search(&index, "start art", None).hits.len(), 0);
}

#[test]
fn a_word_that_is_part_of_another_is_named_too() {
    let hits = search(&indexed(&["start the art"]), "start art", None).hits;
    assert_eq!(hits[0].matched, ["start", "art"]);
}

proptest! {
    #[test]
    fn any_texts_and_question_give_finite_ranks_in_order(
        texts in proptest::collection::vec("[ab ]{0,8}|.{0,12}", 0..8),
        question in "[ab ]{0,8}|.{0,12}",
        vectors in proptest::collection::vec(proptest::array::uniform2(-1.0_f32..1.0), 0..8),
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut index = indexed(&texts);
        for (place, vector) in vectors.iter().enumerate().take(texts.len()) {
            index.set_vector(place as u32, Some(vector));
        }
        for vector in [None, Some([0.6, 0.8])] {
            let found = search(&index, &question, vector.as_ref().map(<[f32; 2]>::as_slice));
            prop_assert!(found.hits.iter().all(|hit| hit.rank.is_finite()));
            prop_assert!(found.hits.is_sorted_by(|left, right| left.rank >= right.rank));
        }
    }
}
