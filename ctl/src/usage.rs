//! Wrong usage: the example that belongs to the command somebody meant.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::paint::When;

/// Returns the example of the command that was meant, as lines to add to what the parser says; may be empty.
pub(crate) fn example(args: &[OsString], answer: &clap::Error) -> String {
    // A command that only groups others shows its whole help, which has the example.
    if answer.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return String::new();
    }
    let tree = crate::command();
    let mut meant = &tree;
    let mut words = args.iter().skip(1).map(|word| word.to_str().unwrap_or_default());
    while let Some(word) = words.next() {
        if is_flag_before_its_value(&tree, word) {
            words.next();
            continue;
        }
        match meant.find_subcommand(word).or_else(|| meant.find_subcommand(suggested(answer)?)) {
            Some(below) => meant = below,
            None if word.starts_with('-') => {}
            None => break,
        }
    }
    let help = meant.get_after_help().map(ToString::to_string).unwrap_or_default();
    let example = help.find("Example:").map(|at| &help[at..]);
    example.map(|example| format!("\n{}\n", example.trim_end())).unwrap_or_default()
}

/// Returns whether the next word belongs to this one: `--socket`, but not `--socket=PATH`.
fn is_flag_before_its_value(tree: &clap::Command, word: &str) -> bool {
    let Some(name) = word.strip_prefix("--") else { return false };
    let mut global = tree.get_arguments().filter(|argument| argument.is_global_set());
    global.any(|argument| argument.get_long() == Some(name) && argument.get_action().takes_values())
}

/// Returns the command that the parser thinks was meant.
fn suggested(answer: &clap::Error) -> Option<&str> {
    match answer.get(ContextKind::SuggestedSubcommand)? {
        ContextValue::Strings(names) => names.first().map(String::as_str),
        ContextValue::String(name) => Some(name),
        ContextValue::None
        | ContextValue::Bool(_)
        | ContextValue::StyledStr(_)
        | ContextValue::StyledStrs(_)
        | ContextValue::Number(_) => None,
        // The library may add kinds of context; none of them names a command.
        _ => None,
    }
}

/// Returns what `--color` says on a command line that may not parse.
pub(crate) fn colour(args: &[OsString]) -> When {
    use clap::ValueEnum;
    let mut words = args.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        let said = match word.split_once('=') {
            Some(("--color", said)) => Some(said),
            None if word == "--color" => words.next(),
            Some(_) | None => None,
        };
        if let Some(when) = said.and_then(|said| When::from_str(said, false).ok()) {
            return when;
        }
    }
    When::Auto
}
