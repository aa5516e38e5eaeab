//! Who may operate besides root and the daemon's own user: the members of one group, if the configuration names one.
//! Modes keep others from the socket; whoever gets through all the same is looked up before a word is heard.

use nix::unistd::{Gid, Group, Uid, User};

use super::{Operator, Standing};
use crate::auth::own_uid;

/// The group whose members may operate, or nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admins {
    group: Option<(String, Gid)>,
}

/// Why the group cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("there is no group {0:?} for control.group; make it with groupadd, or leave the setting out")]
pub struct NoGroup(String);

impl Admins {
    /// Finds the group.
    pub fn find(group: Option<&str>) -> Result<Self, NoGroup> {
        let Some(name) = group else { return Ok(Self::default()) };
        match Group::from_name(name) {
            Ok(Some(found)) => Ok(Self { group: Some((name.to_owned(), found.gid)) }),
            Ok(None) | Err(_) => Err(NoGroup(name.to_owned())),
        }
    }

    /// Returns the group's number.
    pub(super) fn gid(&self) -> Option<u32> {
        self.group.as_ref().map(|(_, gid)| gid.as_raw())
    }

    /// Returns the group's name.
    pub(super) fn name(&self) -> Option<&str> {
        self.group.as_ref().map(|(name, _)| name.as_str())
    }

    /// Returns the operator behind a user and their group, as the system vouches for them; `None` if they may not operate.
    pub(super) async fn recognise(&self, uid: u32, gid: Option<u32>) -> Option<Operator> {
        let standing = if uid == own_uid() {
            Standing::Owner
        } else if uid == 0 {
            Standing::Root
        } else {
            let (_, group) = self.group.clone()?;
            let acts_as_member = gid == Some(group.as_raw());
            // Asking who is in a group may reach over the network.
            let asked = move || acts_as_member || is_member(uid, group);
            tokio::task::spawn_blocking(asked)
                .await
                .ok()
                .filter(|member| *member)
                .map(|_| Standing::Member)?
        };
        Some(Operator { uid, standing })
    }
}

/// Answers whether the system's own records have the user in the group, as of now.
fn is_member(uid: u32, gid: Gid) -> bool {
    let Ok(Some(user)) = User::from_uid(Uid::from_raw(uid)) else { return false };
    let listed = || Group::from_gid(gid).ok().flatten().is_some_and(|group| group.mem.contains(&user.name));
    user.gid == gid || listed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_group_nobody_else_may() {
        let nobody = Admins::default();
        assert_eq!(
            nobody.recognise(own_uid(), None).await.map(|found| found.standing),
            Some(Standing::Owner)
        );
        assert_eq!(nobody.recognise(65_533, Some(own_uid())).await, None);
        assert!(Admins::find(Some("no such group")).is_err());
    }

    #[tokio::test]
    async fn members_are_those_the_system_knows() {
        let root = Group::from_gid(Gid::from_raw(0)).unwrap().unwrap();
        let admins = Admins::find(Some(&root.name)).unwrap();
        let standing = async |uid, gid| admins.recognise(uid, gid).await.map(|found| found.standing);
        assert_eq!(standing(65_533, Some(0)).await, Some(Standing::Member));
        assert_eq!(standing(65_533, Some(65_533)).await, None);
    }
}
