//! What a vault gives, and to whom it gives nothing.
