//! Call trees: each unit of fuel is in one place, the same on every engine, and the execution is otherwise unchanged.

mod support;

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use outrider_host::{
    CallNode, CallTree, Callee, ExecutionInput, Host, HostConfig, Library, Limits, LoadError,
};
use support::{HOST, ROOT, blob, module, saving, wasm};

/// The hosts to compare, one for each engine.
fn hosts(limits: Limits) -> Vec<Host> {
    let engines = [
        outrider_host::EngineKind::Wasmtime,
        #[cfg(feature = "wasmer")]
        outrider_host::EngineKind::Wasmer,
    ];
    let host = |engine| {
        let config = HostConfig { limits, engine, ..HostConfig::default() };
        Host::new(config).expect("the engine takes this configuration")
    };
    engines.map(host).into()
}

/// Returns the call tree of an execution after checking it on each host and against the invariants of every tree.
#[track_caller]
fn checked(hosts: &[Host], code: &[u8], libraries: &[Library<'_>], block_data: &[u8]) -> CallTree {
    let input = ExecutionInput::new(ROOT, block_data);
    let mut trees = hosts.iter().map(|host| {
        let plain = host.load_with_libraries(code, libraries).expect("it loads").execute(&input);
        let (probed, tree) = host.load_probed(code, libraries).expect("it loads").execute(&input);
        let fuel_used = match (&plain, &probed) {
            (Ok(plain), Ok(probed)) => {
                assert_eq!(plain, probed);
                plain.fuel_used
            }
            (Err(plain), Err(probed)) => {
                let functions = |error: &outrider_host::ExecutionError| {
                    let frames = error.backtrace.iter();
                    frames
                        .map(|frame| (frame.function_index, frame.function_name.clone()))
                        .collect::<Vec<_>>()
                };
                assert_eq!(plain.to_string(), probed.to_string());
                assert_eq!(plain.logs, probed.logs);
                assert_eq!(functions(plain), functions(probed));
                assert_eq!(plain.fuel_used, probed.fuel_used);
                plain.fuel_used
            }
            _ => panic!("{plain:?} without probes, {probed:?} with them"),
        };
        assert_eq!(tree.fuel(), fuel_used, "each unit is in the tree, once");
        let instances = tree.nodes().first().expect("there is a node");
        assert_eq!(instances.callee, Callee::Instances);
        check_shape(&tree);
        tree
    });
    let tree = trees.next().expect("there is a host");
    trees.for_each(|other| assert_eq!(other, tree, "every engine gives the same tree"));
    tree
}

/// Checks that callees come right after their callers, and that no stack occurs twice.
#[track_caller]
fn check_shape(tree: &CallTree) {
    let mut open: Vec<usize> = Vec::new();
    let mut seen = BTreeMap::new();
    for (index, node) in tree.nodes().iter().enumerate() {
        while open.last().copied() != node.caller {
            open.pop().expect("the caller is open");
        }
        open.push(index);
        assert!(node.n_calls > 0);
        assert_eq!(tree.stack(index).count(), open.len());
        *seen.entry((node.caller, node.callee.to_string())).or_insert(0) += 1;
    }
    let n_roots = tree.nodes().iter().filter(|node| node.caller.is_none()).count();
    assert!(tree.nodes().len() <= (1 << 15) + n_roots);
}

/// Returns the tree as lines: the names of the stack, calls, own fuel, fuel beyond the tree.
fn lines(tree: &CallTree) -> Vec<String> {
    let line = |(index, node): (usize, &CallNode)| {
        let mut stack: Vec<_> = tree.stack(index).map(|node| node.callee.to_string()).collect();
        stack.reverse();
        format!("{} x{} {} {}", stack.join(";"), node.n_calls, node.self_fuel, node.unlisted_fuel)
    };
    // The first is what the instances cost.
    tree.nodes().iter().enumerate().skip(1).map(line).collect()
}

#[track_caller]
fn check(items: &str, expected: &[&str]) {
    let tree = checked(&hosts(SMALL), &wasm(&module(items)), &[], b"block");
    assert_eq!(lines(&tree), expected);
}

const SMALL: Limits = Limits {
    module_bytes_max: 1 << 20,
    memory_pages_max: 16,
    memory_pages_near: 8,
    memory_far_factor: 16,
    code_bytes_near: 16 << 20,
    floats: true,
    table_elements_max: 1000,
    ticks_max: 1_000,
    deposits_max: 3,
    fuel_max: 10_000_000,
    stack_slots_max: 10_000,
    block_data_bytes_max: 1 << 20,
    unsaved_root: outrider_host::UnsavedRoot::Refused,
};

/// The figures are sums by hand from the cost table: a call is 40, and 1 for each value.
#[test]
fn each_function_has_its_own_fuel() {
    check(
        "(func $one (result i32) (i32.const 1))
         (func $two (result i32) (i32.add (call $one) (call $one)))
         (func $main (export \"main\")
            (drop (call $one)) (drop (call $two)) (drop (call $two))
            (call $savePostStateRoot (i32.const 0)))",
        &[
            "main x1 165 0",
            "main;one x1 1 0",
            "main;two x2 166 0",
            "main;two;one x4 4 0",
            "main;eth2.savePostStateRoot x1 1000 0",
        ],
    );
}

/// A missed or repeated event would put all later ones in the wrong place.
#[test]
fn every_way_out_of_a_function_is_seen() {
    let items = "
        (func $ways (param i32) (result i32 i64)
            (block $two (block $one (block $zero
                (br_table $zero $one $two (local.get 0)))
                (loop (block (if (i32.const 1) (then (return (i32.const 1) (i64.const 1))))))
                unreachable)
                (br 1 (i32.const 2) (i64.const 2)))
            (i32.const 3) (i64.const 3) (local.get 0) (br_table 0 0))
        (func $perhaps (param i32) (result i64)
            (i64.const 4) (br_if 0 (local.get 0)) (drop) (i64.const 5))
        (func $nothing)
        (type $ways (func (param i32) (result i32 i64)))
        (table funcref (elem $ways $nothing))
        (func $show (param i32 i64) (call $print32 (local.get 0)) (call $print64 (local.get 1)))
        (func $main (export \"main\")
            (call $show (call $ways (i32.const 0)))
            (call $show (call $ways (i32.const 1)))
            (call $show (call_indirect (type $ways) (i32.const 2) (i32.const 0)))
            (call $print64 (call $perhaps (i32.const 0)))
            (call $print64 (call $perhaps (i32.const 1)))
            (call $nothing)
            (call $savePostStateRoot (i32.const 0)))";
    let tree = checked(&hosts(SMALL), &wasm(&module(items)), &[], b"");
    let lines = lines(&tree);
    let calls: Vec<_> = lines.iter().map(|line| line.rsplitn(3, ' ').last().unwrap_or_default()).collect();
    assert_eq!(
        calls,
        [
            "main x1",
            "main;ways x3",
            "main;show x3",
            "main;show;debug.print32 x3",
            "main;show;debug.print64 x3",
            "main;perhaps x2",
            "main;debug.print64 x2",
            "main;nothing x1",
            "main;eth2.savePostStateRoot x1",
        ]
    );
}

#[test]
fn a_failed_execution_has_its_fuel_until_then() {
    for (body, last) in [
        ("unreachable", "main x1 41 0"),
        ("(call $useTicks (i32.const 1001))", "main;eth2.useTicks x1 1000 0"),
        ("(call $loadPreStateRoot (i32.const -1))", "main;eth2.loadPreStateRoot x1 1000 0"),
    ] {
        let items = format!("(func $main (export \"main\") (drop (call $blockDataSize)) {body})");
        let tree = checked(&hosts(SMALL), &wasm(&module(&items)), &[], b"");
        assert!(lines(&tree).iter().any(|line| line == last), "{body}: {:?}", lines(&tree));
    }
    // An endless loop spends all fuel that the instances and the host call leave.
    let endless = "(func $main (export \"main\") (drop (call $blockDataSize)) (loop (br 0)))";
    let tree = checked(&hosts(SMALL), &wasm(&module(endless)), &[], b"");
    assert_eq!(tree.fuel(), SMALL.fuel_max);
    let main = tree.nodes().get(1).expect("`main` comes after the instances");
    let instances = tree.nodes().first().expect("the instances come first").self_fuel;
    assert_eq!(main.self_fuel, SMALL.fuel_max - instances - 1000);
}

#[test]
fn recursion_is_cut_off_where_it_gets_too_deep() {
    let items =
        "(func $f (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))))))
        (func $main (export \"main\") (call $f (i32.const 800)) (call $savePostStateRoot (i32.const 0)))";
    let tree = checked(&hosts(SMALL), &wasm(&module(items)), &[], b"");
    let deepest = tree.nodes().iter().enumerate().max_by_key(|(index, _)| tree.stack(*index).count());
    let (index, node) = deepest.expect("there are nodes");
    assert_eq!(tree.stack(index).count(), 512);
    // The innermost call only checks its argument.
    const LOOK: u64 = 1 + 16;
    const GO_ON: u64 = 3 + 40 + 1;
    let calls_beyond = 800 + 1 - 511;
    assert_eq!(node.self_fuel, LOOK + GO_ON);
    assert_eq!(node.unlisted_fuel, (LOOK + GO_ON) * (calls_beyond - 1) + LOOK);
    // Calls after the recursion have their places again.
    assert_eq!(lines(&tree).last().map(String::as_str), Some("main;eth2.savePostStateRoot x1 1000 0"));
}

#[test]
fn a_stack_that_overflows_gives_a_tree() {
    let items = "(func $f (call $f)) (func $main (export \"main\") (call $f))";
    let tree = checked(&hosts(SMALL), &wasm(&module(items)), &[], b"");
    // Including the instances.
    assert_eq!(tree.nodes().len(), 1 + 512);
}

/// Two functions that call each other in all orders have more stacks than fit into any memory.
#[test]
fn the_number_of_stacks_is_bounded() {
    let items = "(func $f (param i32) (call $g (local.get 0)) (call $h (local.get 0)))
        (func $g (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))))))
        (func $h (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))))))
        (func $start (call $f (i32.const 14))) (start $start)
        (func $main (export \"main\") (call $savePostStateRoot (i32.const 0)))";
    let tree = checked(&hosts(SMALL), &wasm(&module(items)), &[], b"");
    assert!(tree.nodes().iter().any(|node| node.unlisted_fuel > 0));
    // The tree was full before `main`, which has a node all the same.
    assert!(lines(&tree).iter().any(|line| line.starts_with("main x1 ")), "{:?}", lines(&tree).last());
}

#[test]
fn functions_have_the_best_name_there_is() {
    let names = |items: &str| {
        let tree = checked(&hosts(SMALL), &wasm(&module(items)), &[], b"");
        tree.nodes().iter().skip(1).map(|node| node.callee.to_string()).collect::<Vec<_>>()
    };
    let n_imports = outrider_host::ABI.len();
    assert_eq!(
        names("(func (call $_ZN4core3fmt5write17h0123456789abcdefE)) (func $_ZN4core3fmt5write17h0123456789abcdefE)
               (func (export \"main\") (call $savePostStateRoot (i32.const 0)) (call $last)) (func $last)"),
        ["main".to_owned(), "eth2.savePostStateRoot".to_owned(), "last".to_owned()]
    );
    assert_eq!(
        names(&format!(
            "(func $_ZN4core3fmt5write17h0123456789abcdefE (call {})) (func)
             (func (export \"main\") (call $_ZN4core3fmt5write17h0123456789abcdefE)
                (call $savePostStateRoot (i32.const 0)))",
            n_imports + 1
        )),
        [
            "main".to_owned(),
            "core::fmt::write".into(),
            format!("func[{}]", n_imports + 1),
            "eth2.savePostStateRoot".into()
        ]
    );
    let long = format!("(func $main (export \"main\") (call ${0})) (func ${0})", "x".repeat(10_000));
    assert_eq!(names(&long)[1], format!("{}…", "x".repeat(256)));
}

#[test]
fn libraries_are_part_of_the_tree_by_their_names() {
    let oracle = wasm(
        "(module (func $ask (export \"ask\") (result i32) (call $think)) (func $think (result i32) (i32.const 42))
            (func $start) (start $start))",
    );
    let other = wasm("(module (func (export \"ask\") (result i32) (i32.const 1)))");
    let ee = wasm(
        "(module (import \"oracle\" \"ask\" (func $ask (result i32))) (import \"other\" \"ask\" (func $other (result i32)))
            (import \"eth2\" \"savePostStateRoot\" (func $save (param i32))) (memory (export \"memory\") 1)
            (func $main (export \"main\") (drop (i32.add (call $ask) (call $other))) (call $save (i32.const 0))))",
    );
    let libraries = [Library { name: "oracle", code: &oracle }, Library { name: "other", code: &other }];
    let tree = checked(&hosts(SMALL), &ee, &libraries, b"");
    assert_eq!(
        lines(&tree),
        [
            "oracle.start x1 0 0",
            "main x1 125 0",
            "main;oracle.ask x1 41 0",
            "main;oracle.ask;oracle.think x1 1 0",
            "main;other.ask x1 1 0",
            "main;eth2.savePostStateRoot x1 1000 0",
        ]
    );
}

#[test]
fn real_ees_have_trees() {
    let keccak = [&[0][..], &100_u32.to_le_bytes()].concat();
    for (name, block_data, function) in
        [("helloworld", vec![], "eth2.pushNewDeposit"), ("workload", keccak, "eth2.blockDataCopy")]
    {
        let tree = checked(&hosts(Limits::default()), &blob(name), &[], &block_data);
        let found = tree.nodes().iter().find(|node| node.callee.to_string() == function);
        assert!(found.is_some_and(|node| node.self_fuel > 0), "{name}: {:#?}", lines(&tree));
    }
}

#[test]
fn a_host_without_metering_has_no_fuel_to_show() {
    let host = Host::new(HostConfig { metered: false, ..HostConfig::default() });
    let error = host.expect("the configuration is fine").load_probed(&wasm(&saving("")), &[]).err();
    assert!(matches!(error, Some(LoadError::NotMetered)), "{error:?}");
}

#[test]
fn guests_cannot_import_the_probes() {
    let ee = wasm(
        "(module (import \"outrider\" \"leave\" (func $leave)) (memory (export \"memory\") 1)
            (func (export \"main\") (call $leave)))",
    );
    let library = wasm("(module (func (export \"leave\")))");
    assert!(matches!(HOST.load(&ee), Err(LoadError::Refused(_))));
    let error = HOST.load_with_libraries(&ee, &[Library { name: "outrider", code: &library }]).err();
    assert!(matches!(error, Some(LoadError::LibraryNameTaken { .. })), "{error:?}");
}

/// Modules from wasm-smith; `OUTRIDER_MODULES` sets their number.
#[test]
fn random_modules_run_the_same_with_probes() {
    let n = std::env::var("OUTRIDER_MODULES").map_or(300, |n| n.parse().expect("it is a number"));
    let hosts = hosts(Limits { fuel_max: 1_000_000, ..SMALL });
    let mut n_nodes = 0;
    for seed in 0..n {
        let code = random_ee(seed);
        if hosts[0].load(&code).is_err() {
            continue;
        }
        eprintln!("module {seed}");
        n_nodes += checked(&hosts, &code, &[], b"").nodes().len();
    }
    assert!(n_nodes > usize::try_from(n).expect("it is not large"), "only {n_nodes} nodes");
}

fn random_ee(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    });
    let bytes: Vec<u8> = bytes.take(3000).collect();
    let config = wasm_smith::Config {
        available_imports: Some(wasm(&module("(func (export \"main\"))"))),
        exports: Some(wasm("(module (memory (export \"memory\") 1) (func (export \"main\")))")),
        min_funcs: 3,
        disallow_traps: !seed.is_multiple_of(3),
        max_memories: 1,
        max_memory32_bytes: 1 << 20,
        max_table_elements: 1000,
        max_type_size: 200,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        reference_types_enabled: seed % 8 == 1,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: true,
        ..wasm_smith::Config::default()
    };
    let module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes));
    module.expect("there are bytes enough").to_bytes()
}
