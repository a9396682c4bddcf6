UPSTREAM = "http://127.0.0.1:4399"


def header(source, *pairs, **conditions):
    return {"source": source, "headers": [{"key": key, "value": value} for key, value in pairs], **conditions}


def redirect(source, destination, **more):
    return {"source": source, "destination": destination, **({} if "status_code" in more else {"permanent": False}), **more}


def rewrite(source, destination, **conditions):
    return {"source": source, "destination": destination, **conditions}


def condition(type_, key, value=None):
    return [{"type": type_, **({} if key is None else {"key": key}), **({} if value is None else {"value": value})}]


async def headers():
    return [
        header("/api/:path*", ("x-api", "all"), ("x-dup", "first")),
        header(
            "/api/h/:slug",
            ("x-slug", ":slug"),
            ("x-url", "https://example.com/:slug"),
            ("x-port", "https://example.com:8080?q=:slug"),
            ("x-lit", "some:value* (x) {1,2} :other?"),
            ("x-dup", "second"),
        ),
        header("/api/h/deep/:path*", ("x-deep", ":path*")),
        header("/api/h/num/:id(\\d+)", ("x-num", ":id")),
        header("/api/h/un/(.*)", ("x-un", "unnamed")),
        header("/api/h/key/:name", ("x-:name", "dynamic-key")),
        header("/api/h/has-header", ("x-got", ":val"), has=condition("header", "x-need", "(?<val>.*)")),
        header("/api/h/has-query", ("x-q", ":q"), has=condition("query", "q")),
        header("/api/h/has-cookie", ("x-login", "yes"), has=condition("cookie", "login", "true")),
        header("/api/h/has-host", ("x-host", "yes"), has=condition("host", None, "app.example")),
        header("/api/h/missing", ("x-missing", "absent"), missing=condition("header", "x-skip")),
        header("/api/h/missing-value", ("x-missing", "not-no"), missing=condition("query", "q", "no")),
        header("/api/h/two-has", ("x-two", "both"), has=[*condition("query", "a"), *condition("query", "b")]),
        header("/api/h/cookies", ("Set-Cookie", "c1=1"), ("Set-Cookie", "c2=2")),
        header("/api/h-cookie", ("Set-Cookie", "config=1")),
        header("/api/h-override", ("X-Over", "config"), ("Cache-Control", "public, max-age=5"), ("X-Config-Seen", "yes")),
        header("/api/h/type", ("Content-Type", "text/x-config")),
        header("/robots.txt", ("x-file", "yes"), ("Cache-Control", "public, max-age=77")),
        header("/nowhere-h", ("x-404", "yes")),
        header("/ssg", ("x-page", "ssg"), ("Cache-Control", "public, max-age=33")),
        header("/r/basic", ("x-on-redirect", "yes")),
        header("/api/mw/order", ("x-order", "config")),
        header("/af/hdr", ("x-source-path", "af")),
        header("/api/target/hdr", ("x-dest-path", "target")),
    ]


async def redirects():
    return [
        redirect("/r/basic", "/api/target"),
        redirect("/r/perm", "/api/target", permanent=True),
        *(redirect(f"/r/{code}", "/api/target", status_code=code) for code in (301, 302, 303, 307, 308)),
        redirect("/r/p/:id", "/api/target/:id"),
        redirect("/r/c/:path*", "/api/target/:path*"),
        redirect("/r/plus/:path+", "/api/target/:path+"),
        redirect("/r/opt/:id?", "/api/target/o/:id?"),
        redirect("/r/re/:id(\\d{1,})", "/api/target/num-:id"),
        redirect("/r/rename/:a/:b", "/api/target/:b/:a"),
        redirect("/r/q/:id", "/api/target?id=:id&fixed=1"),
        redirect("/r/hash/:id", "/api/target#:id"),
        redirect("/r/ext", "https://example.com"),
        redirect("/r/ext/:path*", "https://example.com/x/:path*"),
        redirect("/r/extq", "https://auth.example/?returnUrl=https://www.example.com/login"),
        redirect("/r/exthost/:sub", "https://:sub.example.com/home"),
        redirect("/r/un/(.*)", "/api/target/unnamed"),
        redirect("/r/alt/(en|fr)/x", "/api/target/alt"),
        redirect("/r/mid-:slug-end", "/api/target/:slug"),
        redirect("/r/first", "/api/target/first"),
        redirect("/r/first", "/api/target/second"),
        redirect("/r/has-header", "/api/target?v=:val", has=condition("header", "x-need", "(?<val>.*)")),
        redirect("/r/has-query", "/api/target/home", has=condition("query", "page", "home")),
        redirect("/r/has-query-cap", "/api/target/:user", has=condition("query", "u", "(?<user>[a-z]+)-.*")),
        redirect("/r/has-query-multi", "/api/target?v=:hv", has=condition("query", "h", "(?<hv>.*)")),
        redirect("/r/has-cookie", "/api/target?t=:tok", has=condition("cookie", "tok")),
        redirect("/r/has-host", "https://main.example/:sub", has=condition("host", None, "(?<sub>.*)\\.shop\\.example")),
        redirect("/r/missing", "/api/target/login", missing=condition("cookie", "session")),
        redirect("/r/esc/\\(x\\)", "/api/target/esc"),
        redirect("/r/chain1", "/r/chain2"),
        redirect("/r/chain2", "/api/target"),
        redirect("/r/slash/", "/api/target/slash"),
        redirect("/api/r-over", "/api/target/over"),
        redirect("/about", "/api/target/about", has=condition("query", "go")),
        redirect("/api/guard/redirected", "/api/target/config-first"),
        redirect("/:path*/anysuffix", "/api/target/suffix/:path*"),
        redirect("/r/ünï", "/api/target/uni"),
        redirect("/r/dest-uni", "/api/target/日本"),
    ]


def rewrites():
    return {
        "before_files": [
            rewrite("/api/overridden", "/api/target?via=before"),
            rewrite("/api/existing", "/api/target?via=before-has", has=condition("query", "override")),
            rewrite("/bf/:path*", "/api/target/:path*"),
            rewrite("/bf1", "/bf2?x=1"),
            rewrite("/bf2", "/api/target?chain=bf"),
            rewrite("/bf-ext/:path*", f"{UPSTREAM}/:path*"),
            rewrite("/bf-missing", "/nowhere-at-all"),
        ],
        "after_files": [
            rewrite("/api/existing", "/api/target?via=after"),
            rewrite("/robots.txt", "/api/target?via=after"),
            rewrite("/af/:id", "/api/target"),
            rewrite("/af/hdr/x", "/api/target/hdr"),
            rewrite("/af-used/:id", "/api/target/:id"),
            rewrite("/af-partial/:a/:b", "/api/target/:a"),
            rewrite("/af-query/:first/:second", "/api/target?first=:first&sec=:second"),
            rewrite("/af-destq/:id", "/api/target?id=dest&keep=1"),
            rewrite("/af-catch/:path*", "/api/target"),
            rewrite("/af-catchq/:path*", "/api/target?joined=:path*"),
            rewrite("/af-plus/:path+", "/api/target"),
            rewrite("/af-re/:id(\\d+)", "/api/target/:id"),
            rewrite("/af-un/(.*)", "/api/target"),
            rewrite("/af-un-named/:all(.*)", "/api/target"),
            rewrite("/af-file", "/robots.txt"),
            rewrite("/af-page", "/about"),
            rewrite("/af-ssr/:id", "/ssr"),
            rewrite("/af-dyn/:x", "/api/dyn/:x"),
            rewrite("/af-ext/:path*", f"{UPSTREAM}/up/:path*"),
            rewrite("/af-extq/:id", f"{UPSTREAM}/up?id=:id"),
            rewrite("/af-ext-dead", "http://127.0.0.1:1/"),
            rewrite("/af-missing", "/nowhere-at-all"),
            rewrite("/api/dyn/special", "/api/target?via=after-dyn"),
            rewrite("/chain-a", "/chain-b?a=1"),
            rewrite("/chain-b", "/api/target?chain=b"),
            rewrite("/chain-back", "/chain-a", has=condition("query", "zzz")),
            rewrite("/af-has-header", "/api/target?v=:val", has=condition("header", "x-need", "(?<val>.*)")),
            rewrite("/af-has-cookie", "/api/target", has=condition("cookie", "tok")),
            rewrite("/af-has-query", "/api/target?v=:myq", has=condition("query", "my-q")),
            rewrite("/guarded/:path*", "/api/target/:path*"),
            rewrite("/af-missing-h", "/api/target?m=1", missing=condition("header", "x-skip")),
        ],
        "fallback": [
            rewrite("/fb/:path*", "/api/target?fb=1"),
            rewrite("/api/dyn/:id", "/api/target?via=fallback"),
            rewrite("/api/legacy/:path*", f"{UPSTREAM}/legacy/:path*"),
        ],
    }
