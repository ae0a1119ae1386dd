"""`ModuleFirst`: a command line of which everything behind the module is the guest's."""

from __future__ import annotations

import click

__all__ = ["ModuleFirst"]


class ModuleFirst(click.Command):
    """A command whose options may stand before MODULE and right behind it; everything after that is the guest's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put a -- where the guest's own arguments begin."""
        takes_value = {
            name: isinstance(option, click.Option) and not option.is_flag
            for option in self.get_params(ctx)
            for name in (*option.opts, *option.secondary_opts)
            if name.startswith("-")
        }
        position, seen_module = 0, False
        while position < len(args):
            word = args[position]
            name = word.partition("=")[0]
            if word == "--":
                break
            if name in takes_value:
                position += 2 if takes_value[name] and name == word else 1
            elif seen_module:
                break
            else:
                # Before MODULE, an option that is none of ours is for click to refuse.
                seen_module = word == "-" or not word.startswith("-")
                position += 1
        rest = args[position:]
        if rest and rest[0] != "--":
            rest = ["--", *rest]
        return super().parse_args(ctx, args[:position] + rest)
