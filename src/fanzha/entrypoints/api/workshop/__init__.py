"""The rule workshop over HTTP: everything its page shows, and every act on it."""
