"""A model of pydantic's works as well."""

from pydantic import BaseModel, ConfigDict, Field

from slugline import Request, Response


class Effort(BaseModel):
    # Without `strict` pydantic takes true for 1, and "2" for 2, which no document says.
    model_config = ConfigDict(extra="forbid", strict=True)

    best_hours: float = Field(alias="bestHours", ge=0, le=10_000)
    risk_hours: float = Field(alias="riskHours", default=0, ge=0, le=10_000)


class Estimate(BaseModel):
    likely_hours: float = Field(serialization_alias="likelyHours")


def POST(req: Request[Effort], res: Response[Estimate]) -> None:
    """Estimate how long something takes."""
    res.json(Estimate(likely_hours=req.body.best_hours + req.body.risk_hours / 2))
