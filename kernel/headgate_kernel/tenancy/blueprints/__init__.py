"""Blueprints: what a distributor is set up from; planned, applied, compared and written back."""

from headgate_kernel.tenancy.blueprints.applying import Outcome, apply_blueprint, carry_out, plan_blueprint
from headgate_kernel.tenancy.blueprints.checking import check_folder, check_source
from headgate_kernel.tenancy.blueprints.problems import BlueprintError, InvalidBlueprint
from headgate_kernel.tenancy.blueprints.source import FILE_NAME, Source, read_blueprint, read_source

__all__ = [
    "FILE_NAME",
    "BlueprintError",
    "InvalidBlueprint",
    "Outcome",
    "Source",
    "apply_blueprint",
    "carry_out",
    "check_folder",
    "check_source",
    "plan_blueprint",
    "read_blueprint",
    "read_source",
]
