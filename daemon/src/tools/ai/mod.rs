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

use self::{
    ai_analyze_code_quality::AiAnalyzeCodeQuality, ai_decompose_task::AiDecomposeTask,
    ai_explain_architecture::AiExplainArchitecture,
    ai_generate_resumption_briefing::AiGenerateResumptionBriefing,
    ai_generate_todos_from_goal::AiGenerateTodosFromGoal, ai_understand_function::AiUnderstandFunction,
    ai_understand_module::AiUnderstandModule, places::Grounds, thinking::Thinking,
};
use super::{
    Shelves, Tool,
    code::Asking,
    registry::{BadSchema, Building},
};

/// Adds the family.
pub(super) fn register(
    registry: &mut Building<'_>,
    Shelves { store, memories, code, quality, ai }: Shelves<'_>,
) -> Result<(), BadSchema> {
    let asking = || Asking::new(code);
    let grounds = || Grounds::new(store, memories, asking());
    registry.add(AiUnderstandFunction {
        asking: asking(),
        thinking: Thinking::new(AiUnderstandFunction::NAME, ai)?,
    })?;
    registry.add(AiUnderstandModule {
        asking: asking(),
        thinking: Thinking::new(AiUnderstandModule::NAME, ai)?,
    })?;
    registry.add(AiExplainArchitecture {
        asking: asking(),
        thinking: Thinking::new(AiExplainArchitecture::NAME, ai)?,
    })?;
    registry.add(AiGenerateResumptionBriefing {
        kept: (store.clone(), Arc::clone(memories)),
        thinking: Thinking::new(AiGenerateResumptionBriefing::NAME, ai)?,
    })?;
    registry.add(AiGenerateTodosFromGoal {
        grounds: grounds(),
        thinking: Thinking::new(AiGenerateTodosFromGoal::NAME, ai)?,
    })?;
    registry
        .add(AiDecomposeTask { grounds: grounds(), thinking: Thinking::new(AiDecomposeTask::NAME, ai)? })?;
    registry.add(AiAnalyzeCodeQuality {
        quality: Arc::clone(quality),
        thinking: Thinking::new(AiAnalyzeCodeQuality::NAME, ai)?,
    })
}

/// Joins lines of facts into material for a model.
fn lines<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> String {
    lines.into_iter().map(|line| format!("- {}\n", line.as_ref())).collect()
}
