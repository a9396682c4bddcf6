"""Projects that Next.js serves in some fashion, and that stop the start here."""

from pathlib import Path

import pytest

from slugline import create_app
from slugline.errors import ConfigError

REFUSED = Path(__file__).parent / "projects" / "refused"


@pytest.mark.parametrize(
    ("project", "message"),
    [
        ("limit-invalid", r"pages/api/body/limit-invalid\.py: config\.api\.bodyParser\.sizeLimit\b.*'abc'"),
        ("limit-zero", r"pages/api/body/limit-zero\.py: config\.api\.bodyParser\.sizeLimit\b.*\b0\b"),
        ("star-credentials", r"pages/api/cors\.py, line \d+: .*credentials"),
    ],
)
def test_is_refused(project: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_app(REFUSED / project)
