//! What the daemon answered: lists come into their tables, what was changed is said and fetched again.

use mcpd_ipc::{
    allow::AllowReport,
    keys::KeyInfo,
    text::{count, date},
    tools::ToolsSwitched,
};

use super::{
    App, Notice, Pane, Popup, Secret,
    detail::Detail,
    form::{Purpose, Said},
    rows::{sessions::short, tools},
};
use crate::{
    effect::{Call, Effect, Listed},
    msg::{Reply, Trouble, Why},
    theme::Tone,
};

/// Takes a reply.
pub(super) fn done(app: &mut App, reply: Reply) -> Vec<Effect> {
    app.is_dirty = true;
    match reply {
        Reply::Connections(list) => {
            app.connections.replace(list.connections);
            app.came(Listed::Connections)
        }
        Reply::Sessions(list) => {
            app.sessions.replace(list.sessions);
            app.came(Listed::Sessions)
        }
        Reply::Keys(list) => {
            app.keys.replace(list.keys);
            app.came(Listed::Keys)
        }
        Reply::Allow(report) => {
            app.allow_is(report);
            app.came(Listed::Allow)
        }
        Reply::Tools(list) => {
            app.tools.replace(list.tools);
            app.came(Listed::Tools)
        }
        Reply::Tool(tool) => {
            // Only where it is still waited for.
            if app.pane == Pane::Tools && app.popup.is_none() {
                app.popup = Some(Popup::Detail(Detail::tool(&tool)));
            }
            vec![]
        }
        Reply::ConnectionClosed(closed) => {
            app.changed(Listed::Connections, format!("connection {} was told to close", closed.id))
        }
        Reply::SessionClosed(closed) => {
            let words = format!("session {} of {} ended", short(&closed.session.id), closed.session.client);
            app.changed(Listed::Sessions, words)
        }
        Reply::KeyCreated(created) => {
            let words = format!("key {} issued", created.key.name);
            app.close(&Purpose::AddKey);
            app.reveal(Secret {
                name: created.key.name,
                id: created.key.id,
                secret: created.secret,
                before: None,
                drawn_at: None,
            });
            let mut effects = app.changed(Listed::Keys, words);
            effects.push(Effect::Mouse(false));
            effects
        }
        Reply::KeyRotated(rotated) => {
            let words = format!("key {} rotated", rotated.key.name);
            app.close(&Purpose::RotateKey(rotated.key.id.clone()));
            let before = Some(secret_before(&rotated.key, app.now));
            app.reveal(Secret {
                name: rotated.key.name,
                id: rotated.key.id,
                secret: rotated.secret,
                before,
                drawn_at: None,
            });
            let mut effects = app.changed(Listed::Keys, words);
            effects.push(Effect::Mouse(false));
            effects
        }
        Reply::KeyRenamed(key) => {
            app.close(&Purpose::RenameKey(key.id.clone()));
            app.changed(Listed::Keys, format!("key {} is named {} now", key.id, key.name))
        }
        Reply::KeyRevoked(revoked) => {
            let closed = count(revoked.sessions_closed as u64, "session");
            app.changed(Listed::Keys, format!("key {} revoked; {closed} closed", revoked.key.name))
        }
        Reply::AllowChanged(report) => {
            let note = report.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
            app.allow_is(report);
            app.close(&Purpose::AddNetwork);
            app.changed(Listed::Allow, format!("the allowlist is changed{note}"))
        }
        Reply::Verdict(verdict) => {
            let answer = if verdict.allowed { "may connect" } else { "may not connect" };
            let words = format!("{} {answer}: {}", verdict.address, verdict.because);
            if let Some(Popup::Form(form)) = &mut app.popup
                && form.purpose == Purpose::TestAddress
            {
                form.said = Said::Answer(words);
            }
            vec![]
        }
        Reply::ToolsSwitched(switched) => app.changed(Listed::Tools, switched_words(&switched)),
    }
}

/// Takes a failure. It is said where the command came from: in its form, at its list, or below.
pub(super) fn failed(app: &mut App, call: &Call, why: Why) -> Vec<Effect> {
    app.is_dirty = true;
    if let Call::List(listed) = call {
        app.lists.failed(*listed, why);
        return vec![];
    }
    let mut words = why.words;
    if let Some(hint) = why.hint {
        words = format!("{words}; {hint}");
    }
    if why.kind == Trouble::Broken && call.changes() {
        words = format!("{words}; whether it was done is not known, look at the list");
    }
    if let Some(Popup::Form(form)) = &mut app.popup
        && form.said == Said::Sending(Box::new(call.clone()))
    {
        form.said = Said::Wrong(words);
        return app.fetch();
    }
    app.notify(Tone::Bad, format!("could not {}: {words}", call.attempt()));
    if let Some(listed) = app.visible_list() {
        app.lists.expire(listed);
    }
    app.fetch()
}

impl App {
    fn came(&mut self, listed: Listed) -> Vec<Effect> {
        self.lists.came(listed);
        // Asks again at once where something was changed while the list was under way.
        self.fetch()
    }

    fn allow_is(&mut self, report: AllowReport) {
        self.allow_state = Some(report.state);
        self.allow.replace(report.entries);
    }

    fn changed(&mut self, listed: Listed, words: String) -> Vec<Effect> {
        self.notice = Some(Notice { tone: Tone::Good, words, since: self.now });
        self.lists.expire(listed);
        self.fetch()
    }

    /// Closes the form that was answered, but not another one that was opened meanwhile.
    fn close(&mut self, purpose: &Purpose) {
        if let Some(Popup::Form(form)) = &self.popup
            && form.is_sending()
            && form.purpose == *purpose
        {
            self.popup = None;
        }
    }

    fn reveal(&mut self, secret: Secret) {
        self.secrets.push_back(secret);
    }
}

fn secret_before(key: &KeyInfo, now: i64) -> String {
    match key.old_secret_until {
        Some(until) => format!("The secret before works until {}.", date(until, now)),
        None => "The secret before no longer works.".into(),
    }
}

fn switched_words(switched: &ToolsSwitched) -> String {
    let state = tools::switched(switched.enabled);
    let changed = switched.changed.iter().map(|name| format!("{name} is {state} now"));
    let already = switched.already.iter().map(|name| format!("{name} was {state} already"));
    changed.chain(already).collect::<Vec<_>>().join("; ")
}
