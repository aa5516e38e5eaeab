//! Understanding and plans. Each tool gathers facts first; then a provider puts them into words, or the client's model
//! does, or the facts go back with what to do with them. What is counted or linked comes from the facts in every case.

mod ai_analyze_code_quality;
mod ai_decompose_task;
mod ai_explain_architecture;
mod ai_generate_resumption_briefing;
mod ai_generate_todos_from_goal;
mod ai_understand_function;
mod ai_understand_module;
mod draft;
mod facts;
mod places;
mod plan;
mod reading;
mod thinking;

use std::sync::Arc;

use super::{
    Shelves,
    code::Asking,
    registry::{BadSchema, Building},
};

/// Adds the family.
pub(super) fn register(
    registry: &mut Building<'_>,
    Shelves { store, memories, code, quality, ai }: Shelves<'_>,
) -> Result<(), BadSchema> {
    let thinking = || thinking::Thinking { ai: Arc::clone(ai) };
    let asking = || Asking::new(code);
    registry.add(ai_understand_function::AiUnderstandFunction::new(asking(), thinking())?)?;
    registry.add(ai_understand_module::AiUnderstandModule::new(asking(), thinking())?)?;
    registry.add(ai_explain_architecture::AiExplainArchitecture::new(asking(), thinking())?)?;
    registry.add(ai_generate_resumption_briefing::AiGenerateResumptionBriefing::new(
        (store.clone(), Arc::clone(memories)),
        thinking(),
    )?)?;
    registry.add(ai_generate_todos_from_goal::AiGenerateTodosFromGoal::new(
        places::Grounds::new(store, memories, asking()),
        thinking(),
    )?)?;
    registry.add(ai_decompose_task::AiDecomposeTask::new(
        places::Grounds::new(store, memories, asking()),
        thinking(),
    )?)?;
    registry.add(ai_analyze_code_quality::AiAnalyzeCodeQuality::new(quality, thinking())?)
}

/// Joins lines of facts into material for a model.
fn lines<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> String {
    lines.into_iter().map(|line| format!("- {}\n", line.as_ref())).collect()
}
