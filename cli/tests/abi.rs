//! `outrider abi` prints the imports that the host links and the SDK binds.

mod support;

use std::collections::BTreeMap;

use outrider_host::{ExecutionInput, Host, HostConfig, StateRoot, chain};
use serde_json::Value;
use support::{Scratch, project};

/// Returns the output of `outrider abi --json`.
fn abi() -> Value {
    let ran = Scratch::new().outrider(&["abi", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    serde_json::from_str(&ran.out).expect("the output is JSON")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("{key} of {value} is a list"))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value} is text"))
}

/// Returns a module that calls one import with zeros. Its type is that of the table, followed by the parameters `more`.
fn caller(import: &Value, module: &str, name: &str, more: &str) -> Vec<u8> {
    let types = list(import, "parameters").iter().map(|parameter| text(parameter, "type"));
    let parameters = types.clone().collect::<Vec<_>>().join(" ");
    let zeros: String = types.map(|ty| format!("({ty}.const 0) ")).collect();
    let results: String = list(import, "results").iter().filter_map(Value::as_str).collect();
    let (result, drop) =
        if results.is_empty() { (String::new(), "") } else { (format!("(result {results})"), "(drop)") };
    let more_zeros = if more.is_empty() { String::new() } else { format!("({more}.const 0)") };
    let text = format!(
        r#"(module
            (import "eth2" "savePostStateRoot" (func $save (param i32)))
            (import "{module}" "{name}" (func $f (param {parameters} {more}) {result}))
            (memory (export "memory") 1)
            (func (export "main") (call $f {zeros} {more_zeros}) {drop} (call $save (i32.const 0))))"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_host_links_each_import_by_the_table_alone() {
    let host = Host::new(HostConfig::default()).expect("the configuration is fine");
    for import in list(&abi(), "imports") {
        let (module, name) = (text(import, "module"), text(import, "name"));
        for (module, name) in [(module, name), ("env", text(import, "legacy_name"))] {
            let code = caller(import, module, name, "");
            let ee = host.load(&code).unwrap_or_else(|error| panic!("{import}: {}", chain(&error)));
            let (result, trace) = ee.execute_traced(&ExecutionInput::new(StateRoot::default(), []), 9);
            let call = trace.calls.first().unwrap_or_else(|| panic!("{import}: {result:?}"));
            assert_eq!(
                call.import.to_string(),
                format!("{}.{}", text(import, "module"), text(import, "name"))
            );
            let names: Vec<_> = call.named_arguments().map(|(name, _)| name).collect();
            let told: Vec<_> = list(import, "parameters").iter().map(|each| text(each, "name")).collect();
            assert_eq!(names, told, "{import}");
            let fuel = |key: &str| import["fuel"][key].as_u64().expect("it is a number");
            // Zeros cost no units, except for a power: (0 + 3)^2 * (0 + 16) units.
            let units = if name.ends_with("modexp") { 144 } else { 0 };
            assert_eq!(call.fuel_cost, fuel("base") + units * fuel("per_unit"), "{import}");
            let ends = call.result.as_ref().is_err_and(|error| error.to_string().is_empty());
            assert_eq!(import["never_returns"], ends, "{import}: {:?}", call.result);
        }
    }
}

#[test]
fn the_host_refuses_imports_of_another_type_than_in_the_table() {
    let host = Host::new(HostConfig::default()).expect("the configuration is fine");
    for import in list(&abi(), "imports") {
        let (module, name) = (text(import, "module"), text(import, "name"));
        let error = host.load(&caller(import, module, name, "i64")).err().map(|error| chain(&error));
        let types: Vec<_> = list(import, "parameters").iter().map(|each| text(each, "type")).collect();
        let results: Vec<_> = list(import, "results").iter().filter_map(Value::as_str).collect();
        let expected = format!("expected ({}) -> ({})", types.join(", "), results.join(", "));
        assert!(error.as_ref().is_some_and(|error| error.ends_with(&expected)), "{error:?}: {expected}");
    }
}

#[test]
fn an_ee_needs_the_exports_of_the_table_and_no_others() {
    let abi = abi();
    let exports: BTreeMap<_, _> =
        list(&abi, "exports").iter().map(|export| (text(export, "name"), text(export, "kind"))).collect();
    let item = |name: &str| match exports[name] {
        "memory" => format!("(memory (export \"{name}\") 1)"),
        "function" => format!("(func (export \"{name}\"))"),
        kind => panic!("{kind}"),
    };
    let check = |names: &[&str]| {
        let scratch = Scratch::new();
        let items: String = names.iter().map(|name| item(name)).collect();
        scratch.write(
            "ee.wasm",
            wat::parse_str(format!("(module {items})")).expect("the module is well-formed"),
        );
        scratch.outrider(&["check", "ee.wasm"])
    };
    let names: Vec<_> = exports.keys().copied().collect();
    assert_eq!(check(&names).code, Some(0));
    for missing in &names {
        let others: Vec<_> = names.iter().copied().filter(|name| name != missing).collect();
        let ran = check(&others);
        assert!(ran.out.contains(&format!("\n  no export `{missing}`, ")), "{ran:?}");
    }
}

/// A type as the SDK's binding and the table give it: parameters and result.
type Signature = (Vec<&'static str>, String);

fn kind(ty: &str) -> &'static str {
    match ty.trim() {
        "*const u8" => "read",
        "*mut u8" => "written",
        "u32" => "i32",
        "u64" => "i64",
        other => panic!("{other}"),
    }
}

/// Returns the imports that the SDK binds, by module and name, with their names in Rust.
fn bindings() -> BTreeMap<(String, String), (String, Signature)> {
    let sources = ["imports.rs", "imports/crypto.rs", "imports/receipt.rs", "imports/state.rs"].map(|file| {
        let path = project().join("ees/sdk/src").join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    let mut bindings = BTreeMap::new();
    for source in &sources {
        for block in source.split("#[link(wasm_import_module = \"").skip(1) {
            let (module, rest) = block.split_once('"').expect("the name ends");
            let (_, rest) = rest.split_once("extern \"C\" {").expect("a block follows");
            let (body, _) = rest.split_once("\n    }").expect("the block ends");
            let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("//"));
            let body = lines.collect::<Vec<_>>().join(" ");
            for item in body.split_terminator(';') {
                let (attributes, item) = item.split_once("fn ").expect("it is a function");
                let (rust_name, item) = item.split_once('(').expect("it has parameters");
                let (parameters, result) = item.split_once(')').expect("they end");
                let linked =
                    attributes.split_once("link_name = \"").and_then(|(_, rest)| rest.split_once('"'));
                let name = linked.map_or(rust_name, |(name, _)| name);
                let parameters = parameters.split(',').filter(|each| !each.trim().is_empty());
                let types = parameters.map(|each| kind(each.split_once(':').expect("it has a type").1));
                let result = match result.trim().strip_prefix("-> ") {
                    None => "",
                    Some("!") => "!",
                    Some(ty) => kind(ty),
                };
                let signature = (types.collect(), result.to_owned());
                bindings.insert((module.to_owned(), name.to_owned()), (rust_name.to_owned(), signature));
            }
        }
    }
    bindings
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[test]
fn the_sdk_binds_the_imports_of_the_table() {
    let mut bindings = bindings();
    let mut unbound = Vec::new();
    for import in list(&abi(), "imports") {
        let (module, name) = (text(import, "module"), text(import, "name"));
        let Some((rust_name, signature)) = bindings.remove(&(module.to_owned(), name.to_owned())) else {
            unbound.push(format!("{module}.{name}"));
            continue;
        };
        assert_eq!(rust_name, snake_case(name));
        let parameters = list(import, "parameters").iter().map(|parameter| match text(parameter, "kind") {
            "read" => "read",
            "written" => "written",
            _ => kind(if text(parameter, "type") == "i64" { "u64" } else { "u32" }),
        });
        let results: String = list(import, "results").iter().filter_map(Value::as_str).collect();
        let result = if import["never_returns"] == true { "!".to_owned() } else { results };
        assert_eq!(signature, (parameters.collect(), result), "{module}.{name}");
    }
    assert!(bindings.is_empty(), "no imports: {bindings:?}");
    // Blobs of 2019 use these other spellings.
    assert_eq!(unbound, ["debug.log", "debug.mem", "debug.print_f2", "debug.print_f6"]);
}

#[test]
fn every_form_has_every_import() {
    let abi = abi();
    for (form, shown) in [
        (&["abi"][..], "\n  {name}("),
        (&["abi", "--c-header"], " {module}_{name}("),
        (
            &["abi", "--assemblyscript"],
            "\n  @external(\"{module}\", \"{name}\")\n  export declare function {name}(",
        ),
    ] {
        let ran = Scratch::new().outrider(form);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        for import in list(&abi, "imports") {
            let (module, name) = (text(import, "module"), text(import, "name"));
            let shown = shown.replace("{module}", module).replace("{name}", name);
            assert_eq!(ran.out.matches(&shown).count(), 1, "{shown:?} in\n{}", ran.out);
            assert!(ran.out.contains(text(import, "summary")), "{import} in\n{}", ran.out);
        }
    }
    let ran = Scratch::new().outrider(&["abi"]);
    for proposal in list(&abi["profile"], "proposals") {
        let verdict = if proposal["accepted"] == true { "accepted" } else { "refused" };
        let line = ran.out.lines().find(|line| line.starts_with(&format!("  {} ", text(proposal, "name"))));
        assert!(line.is_some_and(|line| line.contains(&format!(" {verdict} "))), "{proposal}: {line:?}");
    }
    let ran = Scratch::new().outrider(&["abi", "--json", "--c-header"]);
    assert_eq!(ran.code, Some(2), "one form at a time: {ran:?}");
}
