//! Entra tokens for the tools of an Azure Pipelines job.
