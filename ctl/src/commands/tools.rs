//! `mcpctl tools`: the registry, and calling a tool by hand.

use clap::{Args, Subcommand};
use mcpd_ipc::tools::{
    Tokens, ToolDetail, ToolList, ToolOutcome, ToolSummary, ToolsCall, ToolsDisable, ToolsEnable, ToolsList,
    ToolsShow, ToolsSwitched,
};
use serde_json::Value;

use crate::{
    ask::Consent,
    daemon::Daemon,
    error::{Ended, Error, Kind, OrSee},
    output::{Format, Output},
    page::Page,
    paint::Tone,
    quote,
    surroundings::Surroundings,
    table::Table,
    text,
};

/// What can be done with tools.
#[derive(Subcommand)]
pub(crate) enum ToolsCommand {
    /// Lists the tools by family, with what each costs a model in tokens (estimated)
    #[command(after_help = "Example:\n  mcpctl tools list --json")]
    List,
    /// Shows one tool and what it takes
    #[command(after_help = "Example:\n  mcpctl tools show create_todo")]
    Show(ShowArgs),
    /// Gives tools to clients again
    #[command(after_help = "Example:\n  mcpctl tools enable create_todo update_todo_status")]
    Enable(NamesArgs),
    /// Takes tools from every client until they are enabled again; calls that run go on
    #[command(after_help = "Example:\n  mcpctl tools disable create_todo update_todo_status")]
    Disable(DisableArgs),
    /// Calls a tool and prints its result as JSON; exits 1 when it reports a failure
    Call(CallArgs),
}

/// Which tool.
#[derive(Args)]
pub(crate) struct ShowArgs {
    /// Its name
    name: String,
}

/// Which tools.
#[derive(Args)]
pub(crate) struct NamesArgs {
    /// Their names; when one is unknown, none is changed
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

/// Which tools are taken.
#[derive(Args)]
pub(crate) struct DisableArgs {
    #[command(flatten)]
    which: NamesArgs,
    #[command(flatten)]
    consent: Consent,
}

/// Which tool, with what.
#[derive(Args)]
#[command(after_help = "Example:
  mcpctl tools call retrieve_memory --args '{\"project_id\": \"demo\", \"query\": \"deadline\"}'
  echo '{\"project_id\": \"demo\"}' | mcpctl tools call list_todos --args -")]
pub(crate) struct CallArgs {
    /// Its name
    name: String,
    /// Its arguments, a JSON object; - reads them from stdin
    #[arg(long, value_name = "JSON", default_value = "{}", allow_hyphen_values = true)]
    args: String,
}

const LIST: &str = "tools";

/// What the figures of the list mean.
const NOTE: &str = "TOKENS estimates the whole entry in tools/list; INPUT leaves the output schema\n\
    out, as most clients do for their model. Sums are of what clients have.";

/// The longest arguments that are read, in bytes: more than any daemon takes.
const LIMIT: u64 = 16 << 20;

/// Runs one of the tool commands; without one it lists.
pub(crate) async fn run(
    command: Option<ToolsCommand>,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    match command {
        None | Some(ToolsCommand::List) => {
            let list = daemon.call(ToolsList {}).await?;
            out.show(&list, list_page)?;
            Ok(Ended::Done)
        }
        Some(ToolsCommand::Show(ShowArgs { name })) => {
            let detail = daemon.call(ToolsShow { name }).await.or_see(&daemon.line(LIST))?;
            out.show(&detail, detail_page)?;
            Ok(Ended::Done)
        }
        Some(ToolsCommand::Enable(NamesArgs { names })) => {
            let switched = daemon.call(ToolsEnable { names }).await.or_see(&daemon.line(LIST))?;
            out.show(&switched, switched_page)?;
            Ok(Ended::Done)
        }
        Some(ToolsCommand::Disable(DisableArgs { which: NamesArgs { names }, consent })) => {
            let question = format!("take {} from every client?", names.join(", "));
            consent.ask(&question, surroundings, out)?;
            let switched = daemon.call(ToolsDisable { names }).await.or_see(&daemon.line(LIST))?;
            out.show(&switched, switched_page)?;
            Ok(Ended::Done)
        }
        Some(ToolsCommand::Call(CallArgs { name, args })) => {
            let text = read(args, surroundings, out)?;
            let arguments = arguments(&name, &text, daemon)?;
            let outcome = daemon.call(ToolsCall { name, arguments }).await.or_see(&daemon.line(LIST))?;
            show_outcome(&outcome, out)?;
            Ok(if outcome.is_error { Ended::Negative } else { Ended::Done })
        }
    }
}

/// Shows the result alone to people and the whole reply to programs: both are JSON.
fn show_outcome(outcome: &ToolOutcome, out: &mut Output) -> Result<(), Error> {
    match out.format {
        Format::Json => out.json(outcome),
        Format::Text => out.json(&outcome.result),
    }
}

/// Returns the text of the arguments, from stdin where `-` says so.
fn read(args: String, surroundings: &mut Surroundings, out: &mut Output) -> Result<String, Error> {
    if args != "-" {
        return Ok(args);
    }
    if surroundings.terminal.stdin {
        out.note(&Page::of("type the arguments as a JSON object, then Ctrl-D"));
    }
    surroundings.text(LIMIT).map_err(|error| {
        Error::new(Kind::Failed, "the arguments could not be read from stdin").because(error)
    })
}

/// Parses the arguments of a call.
fn arguments(name: &str, text: &str, daemon: &Daemon) -> Result<Value, Error> {
    let name = quote::word(name);
    let usage = |message: String| {
        let example = format!("tools call {name} --args '{{\"project_id\": \"demo\"}}'");
        let error = Error::new(Kind::Usage, message).hint(daemon.line(&example));
        error.hint(daemon.line(&format!("tools show {name}")))
    };
    match serde_json::from_str(text) {
        Ok(arguments @ Value::Object(_)) => Ok(arguments),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(usage("the arguments of a tool are a JSON object".into()))
        }
        Err(error) => Err(usage("the arguments are not JSON".into()).because(error)),
    }
}

fn list_page(list: &ToolList) -> Page {
    if list.tools.is_empty() {
        return Page::of("this daemon offers no tools");
    }
    let headings = ["NAME", "ACCESS", "STATE", "CALLS", "ERRORS", "P95", "TOKENS", "INPUT", "TITLE"];
    let table = list.families.iter().fold(Table::new(headings), |table, family| {
        let tools = list.tools.iter().filter(|tool| tool.family == family.family);
        let table = tools.fold(table, |table, tool| {
            let row = table.row([
                tool.name.clone(),
                access_word(tool).into(),
                standing_word(tool).into(),
                tool.calls.to_string(),
                tool.errors.to_string(),
                p95(tool),
                tool.estimated_tokens.whole.to_string(),
                tool.estimated_tokens.input.to_string(),
                tool.title.clone(),
            ]);
            row.toned(2, if is_had(tool) { Tone::Good } else { Tone::Warning })
        });
        sum(table, &format!("family:{}", family.family), family.tools, family.estimated_tokens)
    });
    let had = list.tools.iter().filter(|tool| is_had(tool)).count();
    let table = sum(table, "all", had, list.estimated_tokens).figures(&[3, 4, 5, 6, 7]).spare(&[8, 5]);
    Page::default().table(table).gap().text(NOTE, "")
}

/// Adds a line that sums tools up.
fn sum(table: Table, name: &str, tools: usize, tokens: Tokens) -> Table {
    let [whole, input] = [tokens.whole, tokens.input].map(|tokens| tokens.to_string());
    let counted = text::count(tools as u64, "tool");
    let blank = String::new;
    table.row([name.into(), blank(), blank(), blank(), blank(), blank(), whole, input, counted])
}

fn switched_page(switched: &ToolsSwitched) -> Page {
    let state = state_word(switched.enabled);
    let page = switched
        .changed
        .iter()
        .fold(Page::default(), |page, name| page.line(format!("{name} is {state} now")));
    switched.already.iter().fold(page, |page, name| page.line(format!("{name} was {state} already")))
}

fn detail_page(detail: &ToolDetail) -> Page {
    let tool = &detail.summary;
    let page = Page::default().table(Table::fields([
        ("name", tool.name.clone()),
        ("title", tool.title.clone()),
        ("family", tool.family.clone()),
        ("access", access_word(tool).into()),
        ("state", standing_word(tool).into()),
        (
            "tokens",
            format!(
                "about {}, {} without the output schema",
                tool.estimated_tokens.whole, tool.estimated_tokens.input
            ),
        ),
        ("calls", format!("{}, {} failed, p95 {}", tool.calls, tool.errors, p95(tool))),
    ]));
    let page = match detail.published["description"].as_str() {
        Some(description) => page.gap().text(description, ""),
        None => page,
    };
    let Some(properties) = detail.published["inputSchema"]["properties"].as_object() else { return page };
    if properties.is_empty() {
        return page.gap().line("it takes no arguments");
    }
    let required = detail.published["inputSchema"]["required"].as_array();
    let headings = Table::new(["ARGUMENT", "TYPE", "NEEDED", "WHAT"]);
    page.gap().table(properties.iter().fold(headings, |table, (name, schema)| {
        let is_needed = required.is_some_and(|names| names.iter().any(|needed| needed == name.as_str()));
        let what = schema["description"].as_str().and_then(|text| text.lines().next()).unwrap_or_default();
        let needed = if is_needed { "yes" } else { "" };
        table.row([name.clone(), type_word(schema), needed.into(), what.into()])
    }))
}

/// Returns the type of an argument in a word or two; the whole truth is in the schema, which `--json` prints.
fn type_word(schema: &Value) -> String {
    let words = |values: &[Value]| {
        let shown = values.iter().filter(|value| !value.is_null() && *value != "null");
        let words: Vec<_> =
            shown.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
        words.join("|")
    };
    let (values, kind) = (schema["enum"].as_array(), &schema["type"]);
    match (values, kind.as_str(), kind.as_array()) {
        (Some(values), _, _) => words(values),
        (None, Some("array"), _) => match schema["items"]["type"].as_str() {
            Some(item) => format!("array of {item}"),
            None => "array".into(),
        },
        (None, Some(kind), _) => kind.into(),
        (None, None, Some(kinds)) => words(kinds),
        (None, None, None) => "any".into(),
    }
}

fn access_word(tool: &ToolSummary) -> &'static str {
    if tool.read_only { "read" } else { "write" }
}

/// Answers whether clients have a tool.
fn is_had(tool: &ToolSummary) -> bool {
    tool.enabled && !tool.left_out
}

fn standing_word(tool: &ToolSummary) -> &'static str {
    if tool.enabled && tool.left_out { "left out" } else { state_word(tool.enabled) }
}

fn state_word(enabled: bool) -> &'static str {
    if enabled { "enabled" } else { "disabled" }
}

fn p95(tool: &ToolSummary) -> String {
    tool.p95_ms.map_or_else(|| "-".into(), text::millis)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_a_json_object() {
        let daemon = Daemon::new(&crate::cli::Global::plain(), &Surroundings::default());
        assert_eq!(arguments("x", r#"{"a": 1}"#, &daemon).unwrap(), json!({"a": 1}));
        for bad in ["[1]", "null", "7", "\"x\"", "{", "", "{} {}"] {
            assert_eq!(arguments("x", bad, &daemon).unwrap_err().kind, Kind::Usage, "{bad}");
        }
    }

    #[test]
    fn types_are_named_in_a_word_or_two() {
        let cases = [
            (json!({"type": "string"}), "string"),
            (json!({"type": ["integer", "null"]}), "integer"),
            (json!({"type": "array", "items": {"type": "string"}}), "array of string"),
            (json!({"type": "array"}), "array"),
            (json!({"type": "string", "enum": ["short", "long", null, 3]}), "short|long|3"),
            (json!({"anyOf": []}), "any"),
            (json!(true), "any"),
        ];
        for (schema, word) in cases {
            assert_eq!(type_word(&schema), word);
        }
    }
}
