//! What all services share.

use crate::faults::Faults;
use crate::guid;
use crate::jwt::Keys;
use crate::log::{Authorization, Held, LoggedConnect, LoggedRequest};
use crate::message::Credential;
use crate::repos::GitStore;
use crate::rounds::Rounds;
use crate::tls::Authorities;
use crate::vault::{SecretKind, Vault};
use crate::world::World;
use crate::{clock, jwt};
use serde_json::json;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A job of a pipeline as the service knows it.
#[derive(Clone, Debug)]
pub struct PipelineJob {
    /// Organization.
    pub organization: String,
    /// Project.
    pub project: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// `System.PlanId`.
    pub plan_id: String,
    /// `System.JobId`.
    pub job_id: String,
    /// The job token (`System.AccessToken`).
    pub token: String,
    /// Ids of the service connections that the job's steps reference.
    pub references: Vec<String>,
}

/// The running Azure.
pub(crate) struct State {
    pub keys: Keys,
    pub authorities: Authorities,
    pub git: Option<GitStore>,
    pub rounds: Rounds,
    world: Mutex<Arc<World>>,
    jobs: Mutex<Vec<PipelineJob>>,
    vault: Mutex<Vault>,
    faults: Mutex<Faults>,
    requests: Mutex<Vec<LoggedRequest>>,
    connects: Mutex<Vec<LoggedConnect>>,
    used_ids: Mutex<HashSet<String>>,
}

/// A lock whose holder panicked still guards usable data here: lists and counters.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(crate) fn new(world: World) -> anyhow::Result<Self> {
        let mut vault = Vault::default();
        for (secret, _) in world.applications.iter().flat_map(|application| &application.secrets) {
            vault.keep(SecretKind::ClientSecret, secret, serde_json::Value::Null);
        }
        let git = if world.with_repositories { Some(GitStore::create(&world)?) } else { None };
        Ok(Self {
            keys: Keys::fixed()?,
            authorities: Authorities::new()?,
            git,
            rounds: Rounds::default(),
            world: Mutex::new(Arc::new(world)),
            jobs: Mutex::default(),
            vault: Mutex::new(vault),
            faults: Mutex::default(),
            requests: Mutex::default(),
            connects: Mutex::default(),
            used_ids: Mutex::default(),
        })
    }

    pub(crate) fn world(&self) -> Arc<World> {
        locked(&self.world).clone()
    }

    pub(crate) fn change_world(&self, change: impl FnOnce(&mut World)) {
        change(Arc::make_mut(&mut locked(&self.world)));
    }

    pub(crate) fn vault(&self) -> MutexGuard<'_, Vault> {
        locked(&self.vault)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        locked(&self.faults)
    }

    pub(crate) fn requests(&self) -> MutexGuard<'_, Vec<LoggedRequest>> {
        locked(&self.requests)
    }

    pub(crate) fn connects(&self) -> MutexGuard<'_, Vec<LoggedConnect>> {
        locked(&self.connects)
    }

    /// Notes that something which may be used once has been used; false when it had been before.
    pub(crate) fn use_once(&self, id: &str) -> bool {
        locked(&self.used_ids).insert(id.to_owned())
    }

    /// Starts a job and gives it a token.
    pub(crate) fn new_job(&self, organization: &str, project: &str) -> PipelineJob {
        let now = clock::now();
        let claims = json!({
            "nameid": guid::random(), "scp": "app_token", "aui": guid::random(), "sid": guid::random(),
            "orgId": guid::random(), "iss": "app.vstoken.visualstudio.com", "aud": "app.vstoken.visualstudio.com",
            "nbf": now, "exp": now + 7_200, "jti": guid::random(),
        });
        let token = self.keys.azure_devops.sign(&claims);
        self.vault().keep(SecretKind::JobToken, &token, claims);
        let job = PipelineJob {
            organization: organization.to_owned(),
            project: project.to_owned(),
            pipeline: "build-shop".to_owned(),
            plan_id: guid::random(),
            // The same in every run of a pipeline with a single job.
            job_id: "12f1170f-54f2-53f3-20dd-22fc7dff55f9".to_owned(),
            token,
            references: Vec::new(),
        };
        locked(&self.jobs).push(job.clone());
        job
    }

    /// Notes that a step of the job references these service connections.
    pub(crate) fn reference(&self, plan_id: &str, connections: &[String]) {
        if let Some(job) = locked(&self.jobs).iter_mut().find(|job| job.plan_id == plan_id) {
            job.references.extend_from_slice(connections);
        }
    }

    /// The job that owns this token.
    pub(crate) fn job_of_token(&self, token: &str) -> Option<PipelineJob> {
        locked(&self.jobs).iter().find(|job| job.token == token).cloned()
    }

    /// Makes a job's token invalid, as when the job is long over.
    pub(crate) fn end_job(&self, plan_id: &str) {
        locked(&self.jobs).retain(|job| job.plan_id != plan_id);
    }

    /// Signs and remembers an access token.
    pub(crate) fn issue_access_token(&self, claims: serde_json::Value, opaque: bool) -> String {
        let token = if opaque { jwt::filler(600) } else { self.keys.entra.sign(&claims) };
        self.vault().keep(SecretKind::AccessToken, &token, claims);
        token
    }

    /// The form of a credential, for the log.
    pub(crate) fn form_of(&self, credential: &Credential) -> Authorization {
        let held = |secret: &str| match self.vault().find(secret) {
            _ if secret.is_empty() => Held::Nothing,
            Some(issued) => Held::Issued(issued.kind.clone()),
            None => Held::Unknown,
        };
        match credential {
            Credential::None => Authorization::None,
            Credential::Basic { user, password } => {
                Authorization::Basic { user: user.clone(), password: held(password) }
            }
            Credential::Bearer(token) => Authorization::Bearer { credential: held(token) },
            Credential::Other(scheme) => Authorization::Other(scheme.clone()),
            Credential::Several => Authorization::Several,
        }
    }
}
