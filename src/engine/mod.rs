//! The engine: the whole way of a query.
//!
//! Reading order: this file (the way), `request` (what comes in and goes out), `plans` (the cache of plans), `noted`
//! (what of it is noted in the ledger).

mod noted;
mod plans;
mod request;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;

use crate::{
    cache::Cache,
    changes::{Heard, Message, Unheard, Webhooks},
    contract::{Contract, PublicSchema},
    execute::{Execution, Unreadable, execute},
    fetch::FetchError,
    ledger::Ledger,
    plan::{Explanation, Plan, Refusal, coerce_variables, compile, introspect, parse},
    settings::EngineSettings,
    telemetry::{Event, Telemetry},
};

use plans::Plans;
pub use request::{Answer, AnswerStatus, Request};

/// Answers queries of one contract.
pub struct Engine {
    contract: Arc<Contract>,
    schema: PublicSchema,
    cache: Cache,
    webhooks: Webhooks,
    plans: Plans,
    ledger: Option<Ledger>,
    settings: EngineSettings,
    telemetry: Telemetry,
}

/// Why an engine could not be made.
#[derive(Debug, thiserror::Error)]
#[error("build the public schema of the contract: {0}")]
pub struct EngineError(String);

/// What a system said when it was asked whether it answers.
#[derive(Debug)]
pub struct Probe {
    /// The system's name.
    pub system: String,
    /// How long it took, or why it did not answer.
    pub outcome: Result<Duration, FetchError>,
}

impl Engine {
    /// Makes an engine.
    pub fn new(
        contract: Arc<Contract>,
        cache: Cache,
        settings: EngineSettings,
        telemetry: Telemetry,
    ) -> Result<Self, EngineError> {
        let schema = PublicSchema::new(&contract).map_err(|error| EngineError(error.to_string()))?;
        let plans = Plans::new(settings.plan_cache_entries);
        let webhooks = Webhooks::new(Arc::clone(&contract), cache.clone(), telemetry.clone());
        Ok(Self { contract, schema, cache, webhooks, plans, ledger: None, settings, telemetry })
    }

    /// Gives it a ledger to note in what is wrong with what it answers.
    pub fn with_ledger(self, ledger: Option<Ledger>) -> Self {
        if let Some(ledger) = &ledger {
            ledger.note_contract(&self.contract.version, self.cache.now_ms());
        }
        Self { ledger, ..self }
    }

    /// Returns the ledger, where there is one.
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// Answers a request: read, plan, execute, write.
    pub async fn answer(&self, request: &Request) -> Answer {
        let arrived = Instant::now();
        match self.run(request, arrived).await {
            Ok(answer) => answer,
            Err(refusal) => {
                let kind = request::refusal_word(refusal.kind);
                self.telemetry.emit(&Event::RequestRefused { kind, duration: arrived.elapsed() });
                Answer::refused(&refusal, self.cache.now_ms())
            }
        }
    }

    async fn run(&self, request: &Request, arrived: Instant) -> Result<Answer, Refusal> {
        let operation_name = request.operation_name.as_deref();
        let plan = self.plan(&request.query, operation_name)?;
        let variables = coerce_variables(&self.contract, &plan.variables, &request.variables)?;
        let introspection = match plan.introspects {
            true => Some(introspect(&self.schema, &request.query, operation_name, &request.variables).await?),
            false => None,
        };
        let executed = execute(&Execution {
            contract: &self.contract,
            cache: &self.cache,
            demand: &request.demand,
            plan: &plan,
            variables: &variables,
            introspection: introspection.as_ref(),
            deadline: arrived + self.settings.request_deadline,
            rows_max: self.settings.rows_max,
            names_owners: request.names_owners,
            business_time: self.settings.business_time,
            errors_max: self.settings.errors_max,
        })
        .await;
        for Unreadable { rule, n, detail } in &executed.unreadable {
            self.telemetry.emit(&Event::RuleFailed { rule, n: *n, detail });
        }
        if let Some(ledger) = &self.ledger {
            let at_ms = self.cache.now_ms();
            executed.judged.into_iter().for_each(|judged| ledger.note(noted::observation(judged, at_ms)));
        }
        let status = match (executed.data_is_null, executed.n_faults) {
            (true, _) => AnswerStatus::NullData,
            (false, 0) => AnswerStatus::Complete,
            (false, _) => AnswerStatus::Partial,
        };
        self.telemetry.emit(&Event::RequestAnswered {
            operation: plan.operation.as_deref(),
            status: status.word(),
            duration: arrived.elapsed(),
            n_errors: executed.n_faults,
            n_fetches: executed.n_fetches,
            n_bytes: executed.body.len(),
        });
        Ok(Answer { body: executed.body, status, freshness: executed.freshness, at_ms: self.cache.now_ms() })
    }

    /// Returns the plan of an operation, compiling it the first time.
    pub fn plan(&self, query: &str, operation_name: Option<&str>) -> Result<Arc<Plan>, Refusal> {
        if let Some(plan) = self.plans.find(query, operation_name) {
            self.telemetry.emit(&Event::PlanReused);
            return Ok(plan);
        }
        let started = Instant::now();
        let operation = parse(&self.schema, query, operation_name)?;
        let plan = Arc::new(compile(&self.contract, &operation)?);
        self.plans.keep(query, operation_name, plan.clone());
        self.telemetry.emit(&Event::PlanCompiled { duration: started.elapsed() });
        Ok(plan)
    }

    /// Says how an operation would be answered, without asking any owner.
    pub fn explain(&self, query: &str, operation_name: Option<&str>) -> Result<Explanation, Refusal> {
        Ok(Explanation::new(&self.contract, &*self.plan(query, operation_name)?))
    }

    /// Asks every system whether it answers. Freehold itself is none that could fail: whoever is asked here is there.
    pub async fn probe(&self) -> Vec<Probe> {
        let systems = self.contract.systems.iter().zip(self.cache.owners().as_slice());
        let probes = systems.filter(|(system, _)| !system.kind.is_inside()).map(|(system, owner)| async {
            let started = Instant::now();
            let outcome = owner.probe().await.map(|()| started.elapsed());
            Probe { system: system.name.clone(), outcome }
        });
        join_all(probes).await
    }

    /// Hears a message that is said to come from a system.
    pub async fn hear(&self, system: &str, message: &Message) -> Result<Heard, Unheard> {
        self.webhooks.hear(system, message).await
    }

    /// Returns the contract.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Returns the public schema in the schema definition language.
    pub fn sdl(&self) -> String {
        self.schema.sdl()
    }
}
