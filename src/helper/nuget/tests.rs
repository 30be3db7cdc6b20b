//! NuGet's words.
