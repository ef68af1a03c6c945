"""The text firewall as a process: its policy, its judge, its journal."""
