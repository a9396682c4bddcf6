from typing import Any

import pytest

from slugline.errors import ConfigError
from slugline.project.route_config import RouteConfig, parse_route_config

SOURCE = "pages/api/upload.py"

MIB = 1024 * 1024

GOOD: list[tuple[dict[str, Any], RouteConfig]] = [
    ({}, RouteConfig()),
    ({"api": {}}, RouteConfig()),
    ({"api": {"bodyParser": True}}, RouteConfig()),
    ({"api": {"bodyParser": {}}}, RouteConfig()),
    ({"api": {"bodyParser": False}}, RouteConfig(body_parser=False)),
    ({"api": {"body_parser": False}}, RouteConfig(body_parser=False)),
    ({"api": {"bodyParser": {"sizeLimit": "500b"}}}, RouteConfig(size_limit_bytes=500, size_limit_text="500b")),
    ({"api": {"body_parser": {"size_limit": "1kb"}}}, RouteConfig(size_limit_bytes=1024, size_limit_text="1kb")),
    ({"api": {"bodyParser": {"size_limit": "2mb"}}}, RouteConfig(size_limit_bytes=2 * MIB, size_limit_text="2mb")),
    ({"api": {"bodyParser": {"sizeLimit": "1.5 MB"}}}, RouteConfig(size_limit_bytes=MIB * 3 // 2, size_limit_text="1.5 MB")),
    ({"api": {"bodyParser": {"refuseTooLarge": False}}}, RouteConfig(refuse_too_large=False)),
    ({"api": {"body_parser": {"refuse_too_large": True}}}, RouteConfig()),
    ({"api": {"bodyParser": {"sizeLimit": 1000}}}, RouteConfig(size_limit_bytes=1000, size_limit_text="1000")),
    ({"api": {"bodyParser": {"sizeLimit": 1000.0}}}, RouteConfig(size_limit_bytes=1000, size_limit_text="1000")),
    ({"api": {"bodyParser": {"sizeLimit": 1000.5}}}, RouteConfig(size_limit_bytes=1000, size_limit_text="1000.5")),
    (
        {"api": {"bodyParser": False, "streamLimit": "100mb"}},
        RouteConfig(body_parser=False, stream_limit_bytes=100 * MIB, stream_limit_text="100mb"),
    ),
    (
        {"api": {"body_parser": False, "stream_limit": 10}},
        RouteConfig(body_parser=False, stream_limit_bytes=10, stream_limit_text="10"),
    ),
    ({"api": {"bodyParser": False, "streamLimit": False}}, RouteConfig(body_parser=False)),
    ({"api": {"responseLimit": False}}, RouteConfig(response_limit_bytes=None)),
    ({"api": {"responseLimit": True}}, RouteConfig(response_limit_bytes=4 * MIB)),
    ({"api": {"response_limit": "8mb"}}, RouteConfig(response_limit_bytes=8 * MIB)),
    ({"api": {"externalResolver": True}}, RouteConfig(external_resolver=True)),
    ({"api": {"external_resolver": False}}, RouteConfig(external_resolver=False)),
    ({"maxDuration": 10}, RouteConfig(max_duration_seconds=10.0)),
    ({"max_duration": 0.5}, RouteConfig(max_duration_seconds=0.5)),
]

# The config, the start of the message after the file, a piece of what is allowed or suggested.
BAD: list[tuple[object, str, str]] = [
    # Fixtures `limit-invalid` and `limit-zero`: no limit and the default in Next.js.
    ({"api": {"bodyParser": {"sizeLimit": "abc"}}}, "config.api.bodyParser.sizeLimit: 'abc' is ", '"1.5mb"'),
    ({"api": {"bodyParser": {"sizeLimit": 0}}}, "config.api.bodyParser.sizeLimit: 0 is ", '"1.5mb"'),
    ({"api": {"bodyParser": {"sizeLimit": "1m"}}}, "config.api.bodyParser.sizeLimit: '1m' is ", "did you mean 1mb?"),
    ({"api": {"bodyParser": {"sizeLimit": -1}}}, "config.api.bodyParser.sizeLimit: -1 is ", '"1.5mb"'),
    ({"api": {"bodyParser": {"sizeLimit": True}}}, "config.api.bodyParser.sizeLimit is True", '"2mb"'),
    ({"api": {"bodyParser": {"sizeLimit": None}}}, "config.api.bodyParser.sizeLimit is None", '"2mb"'),
    ({"api": {"bodyParser": {"sizeLimit": float("inf")}}}, "config.api.bodyParser.sizeLimit: inf is ", '"1.5mb"'),
    ({"api": {"bodyParser": {"sizeLimit": float("nan")}}}, "config.api.bodyParser.sizeLimit: nan is ", '"1.5mb"'),
    ({"api": {"body_parser": {"size_limit": []}}}, "config.api.body_parser.size_limit is []", '"2mb"'),
    ({"api": {"bodyParser": {"refuseTooLarge": "no"}}}, "config.api.bodyParser.refuseTooLarge is 'no'", "True or False"),
    ({"api": {"bodyParser": "1mb"}}, "config.api.bodyParser is '1mb'", 'True, False or {"sizeLimit": "1mb"}'),
    ({"api": {"bodyParser": 1}}, "config.api.bodyParser is 1", 'True, False or {"sizeLimit": "1mb"}'),
    ({"api": {"bodyParser": None}}, "config.api.bodyParser is None", "True, False"),
    (
        {"api": {"bodyParser": {"sizeLimits": 1}}},
        "config.api.bodyParser.sizeLimits is an unknown key",
        "Did you mean sizeLimit? Allowed: sizeLimit, refuseTooLarge.",
    ),
    ({"api": {"bodyparser": False}}, "config.api.bodyparser is an unknown key", "Did you mean bodyParser?"),
    ({"api": {"body_parsr": False}}, "config.api.body_parsr is an unknown key", "Did you mean body_parser?"),
    ({"api": {"zzz": False}}, "config.api.zzz is an unknown key. Allowed: bodyParser, responseLimit", "streamLimit."),
    ({"apis": {}}, "config.apis is an unknown key", "Did you mean api? Allowed: api, maxDuration."),
    ({1: {}}, "config[1] is an unknown key", "Allowed: api, maxDuration."),
    ({"bodyParser": False}, "config.bodyParser is in the wrong place", "Write it into config.api."),
    ({"api": {"sizeLimit": "1mb"}}, "config.api.sizeLimit is in the wrong place", "Write it into config.api.bodyParser."),
    ({"api": {"max_duration": 1}}, "config.api.max_duration is in the wrong place", "Write it into config."),
    ({"runtime": "nodejs"}, "config.runtime says where Next.js runs a route", "has no meaning here"),
    ({"runtime": "edge"}, "config.runtime says where Next.js runs a route", "has no meaning here"),
    ({"regions": ["iad1"]}, "config.regions says where", "Delete it"),
    ({"preferredRegion": "auto"}, "config.preferredRegion says where", "Delete it"),
    ({"preferred_region": "auto"}, "config.preferred_region says where", "Delete it"),
    ({"api": {"bodyParser": True, "body_parser": True}}, "config.api has both bodyParser and body_parser", "Delete one"),
    ({"max_duration": 1, "maxDuration": 1}, "config has both max_duration and maxDuration", "Delete one"),
    ({"api": {"bodyParser": {"size_limit": 1, "sizeLimit": 1}}}, "config.api.bodyParser has both", "Delete one"),
    ({"api": {"streamLimit": "100mb"}}, "config.api.streamLimit counts only with bodyParser: False", "sizeLimit"),
    ({"api": {"bodyParser": False, "streamLimit": True}}, "config.api.streamLimit is True", "False (no limit)"),
    ({"api": {"bodyParser": False, "streamLimit": 0}}, "config.api.streamLimit: 0 is ", "False (no limit)"),
    ({"api": {"bodyParser": False, "stream_limit": "x"}}, "config.api.stream_limit: 'x' is ", "False (no limit)"),
    ({"api": {"responseLimit": "big"}}, "config.api.responseLimit: 'big' is ", "True (4mb)"),
    ({"api": {"responseLimit": None}}, "config.api.responseLimit is None", "False (no limit)"),
    ({"api": {"externalResolver": 1}}, "config.api.externalResolver is 1", "True or False"),
    ({"maxDuration": 0}, "config.maxDuration is 0", "a number of seconds above 0"),
    ({"maxDuration": -1}, "config.maxDuration is -1", "a number of seconds above 0"),
    ({"maxDuration": True}, "config.maxDuration is True", "a number of seconds above 0"),
    ({"maxDuration": "10"}, "config.maxDuration is '10'", "a number of seconds above 0"),
    ({"maxDuration": None}, "config.maxDuration is None", "a number of seconds above 0"),
    ({"max_duration": float("inf")}, "config.max_duration is inf", "a number of seconds above 0"),
    ({"max_duration": float("nan")}, "config.max_duration is nan", "a number of seconds above 0"),
    ({"max_duration": 10**400}, "config.max_duration is 1", "a number of seconds above 0"),
    ({"api": None}, "config.api is None", "a dict with the keys bodyParser"),
    ({"api": False}, "config.api is False", "a dict with the keys bodyParser"),
    (None, "config is None", "a dict with the keys api, maxDuration"),
    ([], "config is []", "a dict with the keys api, maxDuration"),
    ("api", "config is 'api'", "a dict with the keys api, maxDuration"),
]


def test_defaults() -> None:
    assert RouteConfig() == RouteConfig(
        body_parser=True,
        size_limit_bytes=1048576,
        size_limit_text="1mb",
        stream_limit_bytes=None,
        stream_limit_text="",
        response_limit_bytes=4194304,
        external_resolver=False,
        max_duration_seconds=None,
    )


@pytest.mark.parametrize(("config", "expected"), GOOD, ids=[str(config) for config, _ in GOOD])
def test_good(config: dict[str, Any], expected: RouteConfig) -> None:
    assert parse_route_config(config, SOURCE) == expected


@pytest.mark.parametrize(("config", "said", "allowed"), BAD, ids=[str(row[0])[:60] for row in BAD])
def test_bad(config: object, said: str, allowed: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_route_config(config, SOURCE)
    message = str(raised.value)
    assert message.startswith(f"{SOURCE}: {said}")
    assert allowed in message.removeprefix(f"{SOURCE}: {said}")
    assert raised.value.files == (SOURCE,)
    assert message.endswith(".")


def test_the_config_is_not_changed() -> None:
    config = {"api": {"bodyParser": {"sizeLimit": "1kb"}}}
    parse_route_config(config, SOURCE)
    assert config == {"api": {"bodyParser": {"sizeLimit": "1kb"}}}
