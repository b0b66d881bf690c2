"""Discovery, against real links and against hostile ones."""
