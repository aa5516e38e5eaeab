//! What tenants use of a model in each month, in tokens. A prompt reserves the most it may use before it goes out, so
//! that many at once do not pass the budget together.

use futures::FutureExt;
use sqlx::SqliteConnection;

use super::{Store, StoreError, now};

/// What tenants use.
pub struct AiUsageRepository<'a>(pub(super) &'a Store);

/// What one tenant used in one month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct AiUsage {
    /// Tokens that count against the budget: what was used, and what is reserved.
    pub tokens: i64,
    /// Tokens of prompts.
    pub input: i64,
    /// Tokens of answers.
    pub output: i64,
    /// Prompts that were settled.
    pub prompts: i64,
}

/// What became of a reservation, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// What was reserved.
    pub reserved: i64,
    /// What the prompt really had.
    pub input: i64,
    /// What the answer really had.
    pub output: i64,
}

impl AiUsageRepository<'_> {
    /// Reserves tokens of a month if a budget has room for them; 0 is no budget. Returns whether it had.
    pub async fn reserve(
        &self,
        tenant: &str,
        month: &str,
        tokens: i64,
        budget: i64,
    ) -> Result<bool, StoreError> {
        let (tenant, month) = (tenant.to_owned(), month.to_owned());
        self.0
            .writer
            .run(move |connection| {
                async move {
                    begin(connection, &tenant, &month).await?;
                    let reserved = sqlx::query(
                        "UPDATE ai_usage SET tokens = tokens + ?, updated_at = ? \
                         WHERE tenant = ? AND month = ? AND (? = 0 OR tokens + ? <= ?)",
                    )
                    .bind(tokens)
                    .bind(now())
                    .bind(&tenant)
                    .bind(&month)
                    .bind(budget)
                    .bind(tokens)
                    .bind(budget)
                    .execute(connection)
                    .await?;
                    Ok(reserved.rows_affected() > 0)
                }
                .boxed()
            })
            .await
    }

    /// Puts what was really used in the place of a reservation.
    pub async fn settle(&self, tenant: &str, month: &str, spent: Spent) -> Result<(), StoreError> {
        let Spent { reserved, input, output } = spent;
        let (tenant, month) = (tenant.to_owned(), month.to_owned());
        self.0
            .writer
            .run(move |connection| {
                async move {
                    sqlx::query(
                        "UPDATE ai_usage SET tokens = tokens - ? + ? + ?, input = input + ?, output = output + ?, \
                         prompts = prompts + 1, updated_at = ? WHERE tenant = ? AND month = ?",
                    )
                    .bind(reserved)
                    .bind(input)
                    .bind(output)
                    .bind(input)
                    .bind(output)
                    .bind(now())
                    .bind(&tenant)
                    .bind(&month)
                    .execute(connection)
                    .await?;
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    /// Returns what a tenant used in a month.
    pub async fn of(&self, tenant: &str, month: &str) -> Result<AiUsage, StoreError> {
        let row = sqlx::query_as(
            "SELECT tokens, input, output, prompts FROM ai_usage WHERE tenant = ? AND month = ?",
        )
        .bind(tenant)
        .bind(month)
        .fetch_optional(&self.0.readers)
        .await?;
        Ok(row.unwrap_or_default())
    }
}

async fn begin(connection: &mut SqliteConnection, tenant: &str, month: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ai_usage (tenant, month, tokens, input, output, prompts, updated_at) \
         VALUES (?, ?, 0, 0, 0, 0, ?) ON CONFLICT (tenant, month) DO NOTHING",
    )
    .bind(tenant)
    .bind(month)
    .bind(now())
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn prompts_at_once_do_not_pass_a_budget_together() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db"), 2).await.unwrap();
        let usages = store.ai_usage();
        let all = (0..8).map(|_| usages.reserve("one", "2026-11", 30, 100));
        let taken = futures::future::join_all(all).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 3);
        assert!(usages.reserve("two", "2026-11", 30, 100).await.unwrap(), "another tenant has its own");
        assert!(usages.reserve("one", "2026-12", 30, 100).await.unwrap(), "another month has its own");
        usages.settle("one", "2026-11", Spent { reserved: 30, input: 4, output: 6 }).await.unwrap();
        let used = usages.of("one", "2026-11").await.unwrap();
        assert_eq!(used, AiUsage { tokens: 70, input: 4, output: 6, prompts: 1 });
        assert!(usages.reserve("one", "2026-11", 30, 100).await.unwrap());
        assert!(!usages.reserve("one", "2026-11", 30, 100).await.unwrap());
        assert!(usages.reserve("one", "2026-11", 1_000_000, 0).await.unwrap(), "0 is no budget");
        assert_eq!(usages.of("nobody", "2026-11").await.unwrap(), AiUsage::default());
    }
}
