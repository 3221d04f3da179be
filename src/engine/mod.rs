//! The engine: the whole way of a query.
//!
//! Reading order: this file (the way), `request` (what comes in and goes out), `documents` with `persisted` (which document is
//! meant), `plans` (the cache of plans), `below` (whose rows a caller may see), `told` (who is told of an answer), `noted` (what
//! of it is noted in the ledger), `audited` (what of it the audit trail is told), `pace` (how many requests a caller may have).

mod audited;
mod below;
mod documents;
mod noted;
mod pace;
mod persisted;
mod plans;
mod request;
mod told;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;

use crate::{
    cache::Cache,
    changes::{Heard, Message, Unheard, Webhooks},
    contract::{Contract, PublicSchema},
    execute::{Execution, execute},
    fetch::FetchError,
    ledger::Ledger,
    plan::{
        Explanation, Plan, Planned, Refusal, coerce_arguments, coerce_variables, given_within_limits, introspect,
        plan_within, variables_within_limits,
    },
    settings::EngineSettings,
    telemetry::{Event, Telemetry},
    value::AudienceId,
};

pub use documents::DocumentName;
use documents::{Documents, Meant};
pub use pace::Pace;
use persisted::Persisted;
use plans::Plans;
pub use request::{Answer, AnswerStatus, Request};

/// Answers queries of one contract.
pub struct Engine {
    contract: Arc<Contract>,
    /// What the whole graph is asked by, and behind it what each audience is.
    views: Vec<View>,
    documents: Documents,
    cache: Cache,
    webhooks: Webhooks,
    ledger: Option<Ledger>,
    settings: EngineSettings,
    telemetry: Telemetry,
}

/// What one audience asks by. Plans are kept for each by itself, so that none serves another's caller.
struct View {
    schema: PublicSchema,
    plans: Plans,
    persisted: Persisted,
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
        let audiences = (0..contract.audiences.len()).map(|audience| Some(AudienceId::from(audience)));
        let view = |audience| View::new(&contract, audience, settings.plan_cache_entries);
        let views = std::iter::once(None).chain(audiences).map(view).collect::<Result<_, _>>()?;
        let documents = Documents::new(&contract);
        let webhooks = Webhooks::new(Arc::clone(&contract), cache.clone(), telemetry.clone());
        Ok(Self { contract, views, documents, cache, webhooks, ledger: None, settings, telemetry })
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
                audited::tell(&self.telemetry, &self.contract, request, None, kind);
                Answer::refused(&refusal, self.cache.now_ms())
            }
        }
    }

    async fn run(&self, request: &Request, arrived: Instant) -> Result<Answer, Refusal> {
        let operation_name = request.operation_name.as_deref();
        let caller = &*request.caller;
        let (view, limits) = (self.view(caller.audience), self.contract.limits.of(caller.audience));
        variables_within_limits(limits, &request.variables)?;
        let Meant { text: query, keep_as } = self.documents.meant(&self.contract, request, &view.persisted)?;
        let plan = self.plan(caller.audience, &query, operation_name)?;
        if let Some(hash) = keep_as {
            view.persisted.keep(hash, Arc::clone(&query));
        }
        let variables = coerce_variables(&self.contract, &plan.variables, &request.variables)?;
        let arguments = coerce_arguments(&self.contract, &plan.arguments, &variables);
        given_within_limits(&self.contract, caller.audience, &plan, (&variables, &arguments))?;
        let introspection = match plan.introspects {
            // Boxed: all other requests would carry along the four KiB that it takes.
            true => Some(Box::pin(introspect(&view.schema, &query, operation_name, &request.variables)).await?),
            false => None,
        };
        let deadline = arrived + self.settings.request_deadline;
        let (sight, below_unknown) = self.sight(caller, &plan, deadline).await;
        let executed = execute(Execution {
            contract: &self.contract,
            cache: &self.cache,
            demand: &request.demand,
            plan: &plan,
            variables: &variables,
            arguments,
            caller,
            sight,
            below_unknown,
            introspection: introspection.as_ref(),
            deadline,
            rows_max: self.settings.rows_max,
            names_owners: request.names_owners,
            business_time: self.settings.business_time,
            errors_max: self.settings.errors_max,
            response_bytes_max: usize::try_from(limits.response_bytes).unwrap_or(usize::MAX),
        })
        .await;
        Ok(self.told(request, &plan, executed, arrived))
    }

    /// Returns what an audience asks by; none: the whole graph.
    fn view(&self, audience: Option<AudienceId>) -> &View {
        &self.views[audience.map_or(0, |audience| audience.index() + 1)]
    }

    /// Returns the plan of an audience's operation, compiling it the first time.
    pub fn plan(
        &self,
        audience: Option<AudienceId>,
        query: &str,
        operation_name: Option<&str>,
    ) -> Result<Arc<Plan>, Refusal> {
        let View { schema, plans, .. } = self.view(audience);
        if let Some(plan) = plans.find(query, operation_name) {
            self.telemetry.emit(&Event::PlanReused);
            return Ok(plan);
        }
        let started = Instant::now();
        let Planned { plan, .. } = plan_within(&self.contract, schema, audience, query, operation_name)?;
        let plan = Arc::new(plan);
        plans.keep(query, operation_name, plan.clone());
        self.telemetry.emit(&Event::PlanCompiled { duration: started.elapsed() });
        Ok(plan)
    }

    /// Says how an audience's operation would be answered, without asking any owner.
    pub fn explain(
        &self,
        audience: Option<AudienceId>,
        query: &str,
        operation_name: Option<&str>,
    ) -> Result<Explanation, Refusal> {
        Ok(Explanation::new(&self.contract, &*self.plan(audience, query, operation_name)?))
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

    /// Returns the schema that an audience has, in the schema definition language; none: the whole graph's.
    pub fn sdl(&self, audience: Option<AudienceId>) -> String {
        self.view(audience).schema.sdl()
    }
}

impl View {
    fn new(contract: &Contract, audience: Option<AudienceId>, n_plans: usize) -> Result<Self, EngineError> {
        let schema = PublicSchema::new(contract, audience).map_err(|error| {
            let whose = audience.map_or("the whole graph", |audience| contract.audiences[audience.index()].as_str());
            EngineError(format!("{whose}: {error}"))
        })?;
        Ok(Self { schema, plans: Plans::new(n_plans), persisted: Persisted::new() })
    }
}
