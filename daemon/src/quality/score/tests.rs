use super::*;

fn figures<'a>(reach: &'a Reach, written: &'a Written) -> Figures<'a> {
    Figures { issues: 0, points: 0.0, reach, written, readme: None, dependencies: None, open_todos: 0 }
}

fn of(all: &[Scored], dimension: Dimension) -> Option<f64> {
    all.iter().find(|one| one.dimension == dimension).unwrap().score
}

#[test]
fn an_empty_project_is_unknown_and_not_good() {
    let (reach, written) = (Reach::default(), Written::default());
    let all = all(&figures(&reach, &written));
    assert!(all.iter().all(|one| one.score.is_none()), "{all:?}");
    assert_eq!((scores(&all).overall, level(None)), (None, "unknown"));
    let none = Dependencies::default();
    let with_none = Figures { dependencies: Some(&none), readme: Some(true), ..figures(&reach, &written) };
    assert!(
        super::all(&with_none).iter().all(|one| one.score.is_none()),
        "no manifest is no manifest without fault"
    );
}

#[test]
fn a_score_follows_its_formula() {
    let reach = Reach { functions: 10, reached: 5, test_files: 1, test_lines: 1_000, code_lines: 4_000 };
    let written =
        Written { public: 8, documented: 6, markers: vec![(mcpd_codegraph::facts::Mark::Todo, 25)] };
    let found = Dependencies {
        declared: 10,
        unbounded: 2,
        lockable: 2,
        locked: 1,
        manifests: vec![super::super::manifests::Manifest {
            path: "a".into(),
            declared: 10,
            unbounded: 2,
            locked: Some(true),
        }],
        ..Dependencies::default()
    };
    let figures = Figures {
        issues: 12,
        points: 40.0,
        readme: Some(true),
        dependencies: Some(&found),
        ..figures(&reach, &written)
    };
    let all = all(&figures);
    assert_eq!(of(&all, Dimension::CodeQuality), Some(5.0), "10 points by 1000 lines");
    assert_eq!(of(&all, Dimension::TestQuality), Some(4.25), "0.7 * 0.5 + 0.3 * 0.25");
    assert_eq!(of(&all, Dimension::Documentation), Some(7.75), "0.9 * 0.75 + 0.1");
    assert_eq!(of(&all, Dimension::Dependencies), Some(7.1), "0.7 * 0.8 + 0.3 * 0.5");
    assert_eq!(of(&all, Dimension::Todos), Some(5.0), "5 by 1000 lines");
    let by_hand = 0.4 * 5.0 + 0.25 * 4.25 + 0.15 * 7.75 + 0.1 * 7.1 + 0.1 * 5.0;
    assert_eq!(scores(&all).overall, Some(rounded(by_hand, 100.0)));
}

#[test]
fn the_mean_is_of_what_is_known() {
    let reach = Reach { functions: 4, reached: 0, code_lines: 100, ..Reach::default() };
    let written = Written::default();
    let all = all(&figures(&reach, &written));
    assert_eq!(of(&all, Dimension::Documentation), None, "nothing is public");
    assert_eq!(of(&all, Dimension::TestQuality), Some(0.0), "no test is none");
    let by_hand = (0.4 * 10.0 + 0.25 * 0.0 + 0.1 * 10.0) / (0.4 + 0.25 + 0.1);
    assert_eq!(scores(&all).overall, Some(rounded(by_hand, 100.0)));
    assert!((Dimension::ALL.iter().map(|one| one.weight()).sum::<f64>() - 1.0).abs() < 1e-9);
}

#[test]
fn size_alone_changes_nothing() {
    let written = Written::default();
    let score = |times: u64| {
        let reach = Reach { code_lines: 2_000 * times, ..Reach::default() };
        let all = all(&Figures { points: 30.0 * times as f64, ..figures(&reach, &written) });
        of(&all, Dimension::CodeQuality)
    };
    assert_eq!(score(1), score(50));
    assert_eq!(
        [8.0, 7.99, 6.0, 4.0, 3.9].map(|score| level(Some(score))),
        ["low", "moderate", "moderate", "high", "critical"]
    );
}
