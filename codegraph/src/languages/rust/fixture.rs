//! Keeps todos.
//! Second line.

use std::{collections::HashMap, fmt::{self, Display}};
use crate::store::{Store, open as opened, *};
use super::errors::Error;

mod inner;

/// How many.
pub const LIMIT: usize = 10;

/// A todo.
#[derive(Debug, serde::Serialize)]
pub struct Todo<'a, T: Display> {
    /// Its title.
    pub title: &'a str,
    store: Box<Store>,
    other: T,
}

pub enum State {
    Open,
    Done(u32),
}

pub trait Save: Display + crate::store::Keep {
    fn save(&self) -> Result<(), Error>;

    fn twice(&self) {
        self.save();
    }
}

impl<'a, T: Display> Todo<'a, T> {
    /// Makes one.
    #[must_use]
    pub(crate) fn new(title: &'a str, store: Store, other: T) -> Self {
        let map: HashMap<u8, u8> = HashMap::<u8, u8>::new();
        let made = Self { title, store: Box::new(store), other };
        made.check(&map).unwrap();
        made
    }

    fn check(&self, map: &HashMap<u8, u8>) -> Option<()> {
        if map.is_empty() && self.title.len() > LIMIT {
            for one in map.keys() {
                match one {
                    0 => println!("zero"),
                    _ => self.store.put(one)?,
                }
            }
        }
        <Store as Default>::default().close();
        Some(())
    }
}

impl<T: Display> Save for Todo<'_, T> {
    fn save(&self) -> Result<(), Error> {
        opened(self.title)
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        helper::<u8>(f)
    }
}

macro_rules! twice {
    ($x:expr) => {
        $x;
        $x
    };
}

fn helper<T>(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    fn deep() {}
    deep();
    write!(f, "x")
}

pub mod names {
    pub type Alias = super::State;
    pub static COUNT: u32 = 0;
}

async fn in_macros(todo: &Todo<'_, u8>, parent: Store) -> Option<()> {
    assert_eq!(todo.check(&made(1)), Some(()), "{}", crate::store::names(todo).len());
    let all = vec![Store::open(todo.title)?, HashMap::<u8, Vec<u8>>::new(), helper::<u8>(f), self.0.put(1)];
    println!("{}", format_args!("{}", parent.name()));
    tokio::select! {
        #[cfg(unix)]
        Some(State::Done(one)) = next(&all) => todo.store.put(one).await.unwrap(),
        _ = stopped() => {}
        State::Open(two) if accepts(two) => { <Store as Default>::default().shut(); }
        else => return (None),
    }
    items! {
        pub struct Pair(u8);
        fn defined(x: impl Fn(u8)) -> u8 { for y in (deep()) { self.own(y) } }
    }
    !matches!(x, (a, b) if a != (b))
}
