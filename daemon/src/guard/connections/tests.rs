//! Tests of the table of connections.

use super::*;

fn connections(limit: u32) -> Arc<Connections> {
    let mut limits = mcpd_config::Config::load(None, &[]).unwrap().limits;
    limits.connections = limit;
    Connections::new(&limits, CancellationToken::new(), Arc::default())
}

fn open(connections: &Arc<Connections>) -> Result<Connection, Denied> {
    connections.open(Peer::Local(0), "http").map(|(place, _)| place)
}

fn key(name: &str, connections: u32) -> Arc<Principal> {
    let mut principal = Principal::anonymous();
    principal.id = PrincipalId::Key(name.into());
    principal.connections = Some(connections);
    Arc::new(principal)
}

#[test]
fn a_house_full_of_the_known_refuses_and_a_leaver_makes_room() {
    let connections = connections(1);
    let first = open(&connections).unwrap();
    first.used_by(&key("abc", 9)).unwrap();
    assert!(open(&connections).is_err());
    assert_eq!(connections.list().len(), 1);
    drop(first);
    assert!(connections.list().is_empty());
    assert!(open(&connections).is_ok());
}

#[test]
fn a_newcomer_pushes_out_the_oldest_stranger_that_waits_for_nothing() {
    let connections = connections(4);
    let [known, served, older, younger] = [0; 4].map(|_| open(&connections).unwrap());
    known.used_by(&key("abc", 9)).unwrap();
    served.serving().fetch_add(1, Ordering::Relaxed);
    let (newcomer, lost) = connections.open(Peer::Local(7), "http").unwrap();
    assert_eq!(lost, Some(Peer::Local(0)));
    let out = [&known, &served, &older, &younger, &newcomer].map(|one| one.pushed_out().is_cancelled());
    assert_eq!(out, [false, false, true, false, false]);
    assert_eq!(connections.len(), 4);
    assert_eq!(older.used_by(&key("late", 9)), Err(Denied::Connections), "its place is taken");
    drop(older);
    assert_eq!(connections.len(), 4, "a place is given back once");
    for place in [&younger, &newcomer] {
        place.used_by(&key("abc", 9)).unwrap();
    }
    assert_eq!(open(&connections).err(), Some(Denied::Connections), "nobody is left to push out");
    served.serving().fetch_sub(1, Ordering::Relaxed);
    assert!(open(&connections).is_ok(), "a stranger that was answered is one again");
}

#[test]
fn a_ceiling_stands_above_the_limit() {
    let connections = connections(10);
    connections.set_ceiling(1);
    let first = open(&connections).unwrap();
    first.used_by(&key("abc", 9)).unwrap();
    assert!(open(&connections).is_err());
}

#[test]
fn a_key_has_its_own_limit() {
    let connections = connections(10);
    let (one, two) = (key("one", 1), key("two", 1));
    let [first, second, third] = [0; 3].map(|_| open(&connections).unwrap());
    assert_eq!(first.used_by(&one), Ok(()));
    assert_eq!(first.used_by(&one), Ok(()), "the same connection again");
    assert_eq!(second.used_by(&one), Err(Denied::Connections));
    assert_eq!(first.used_by(&two), Ok(()), "a connection changes hands");
    assert_eq!(second.used_by(&one), Ok(()), "which gives the first key its place back");
    assert_eq!(third.used_by(&two), Err(Denied::Connections));
    drop(first);
    assert_eq!(third.used_by(&two), Ok(()));
}

#[test]
fn local_users_have_no_limit_of_their_own() {
    let connections = connections(500);
    let local = Arc::new(Principal::local(0));
    let places: Vec<_> = (0..300).map(|_| open(&connections).unwrap()).collect();
    assert!(places.iter().all(|place| place.used_by(&local).is_ok()));
    drop(places);
    assert!(connections.state.lock().held.is_empty());
}

#[test]
fn closing_tells_the_connection() {
    let connections = connections(10);
    let one = open(&connections).unwrap();
    assert!(connections.close(one.entry.id));
    assert!(one.closed().is_cancelled());
    assert!(!connections.close(99));
}
