//! The instrumented code of each control construct.

use super::{super::Linkage, instrument};

/// Instruments a module of the given functions, and compares the first of them with `expected`, line by line but for
/// indentation. The first function has one parameter, so that `$left` is local 1; `$fuel` is global 0.
#[track_caller]
fn check(functions: &str, expected: &str) {
    let wasm = wat::parse_str(format!("(module {functions})")).unwrap();
    let code = instrument(&wasm, Linkage::Alone).unwrap().code;
    super::run::validate(&code);
    let mut text = String::new();
    let mut print = wasmprinter::Config::new();
    print.print_skeleton(false).name_unnamed(false);
    print.print(&code, &mut wasmprinter::PrintFmtWrite(&mut text)).unwrap();
    let lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("(func"));
    let lines =
        lines.skip(1).take_while(|line| *line != ")").map(|line| line.split(" ;;").next().unwrap_or(line));
    let got: Vec<&str> = lines.collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(got, expected, "\n{}", got.join("\n"));
}

#[test]
fn a_call_ends_a_segment() {
    check(
        r#"(func (param i32) (drop (i32.const 1)) (call $f) (drop (i32.const 2))) (func $f)"#,
        "
        (local i64)
        block
            global.get 0
            local.set 1
            local.get 1
            i64.const 41
            i64.lt_s
            br_if 0 (;@1;)
            local.get 1
            i64.const -41
            i64.add
            local.set 1
            i32.const 1
            drop
            local.get 1
            global.set 0
            call $f
            global.get 0
            local.set 1
            local.get 1
            i64.const -1
            i64.add
            local.set 1
            i32.const 2
            drop
            local.get 1
            global.set 0
            return
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}

#[test]
fn a_loop_is_checked_at_its_start() {
    check(
        r#"(func (param i32) (loop (br_if 0 (local.get 0))))"#,
        "
        (local i64)
        block
            global.get 0
            local.set 1
            loop
                local.get 1
                i64.const 17
                i64.lt_s
                br_if 1 (;@1;)
                local.get 1
                i64.const -17
                i64.add
                local.set 1
                local.get 0
                br_if 0 (;@2;)
            end
            local.get 1
            global.set 0
            return
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}

#[test]
fn code_behind_br_if_and_behind_a_target_is_charged_there() {
    check(
        r#"(func (param i32) (block (br_if 0 (local.get 0)) (drop (i32.const 1))) (drop (i32.const 2)))"#,
        "
        (local i64)
        block
            global.get 0
            local.set 1
            local.get 1
            i64.const 17
            i64.lt_s
            br_if 0 (;@1;)
            local.get 1
            i64.const -17
            i64.add
            local.set 1
            block
                local.get 0
                br_if 0 (;@2;)
                local.get 1
                i64.const -1
                i64.add
                local.set 1
                i32.const 1
                drop
            end
            local.get 1
            i64.const -1
            i64.add
            local.set 1
            i32.const 2
            drop
            local.get 1
            global.set 0
            return
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}

#[test]
fn each_arm_of_if_is_charged_by_itself() {
    check(
        r#"(func (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.mul (local.get 0) (i32.const 2)))))"#,
        "
        (local i64)
        block
            global.get 0
            local.set 1
            local.get 1
            i64.const 17
            i64.lt_s
            br_if 0 (;@1;)
            local.get 1
            i64.const -17
            i64.add
            local.set 1
            local.get 0
            if (result i32)
                local.get 1
                i64.const -1
                i64.add
                local.set 1
                i32.const 1
            else
                local.get 1
                i64.const -8
                i64.add
                local.set 1
                local.get 0
                i32.const 2
                i32.mul
            end
            local.get 1
            global.set 0
            return
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}

#[test]
fn br_table_and_dead_code() {
    check(
        r#"(func (param i32) (block (block (br_table 0 1 (local.get 0)) (drop (i32.const 9))) (return)) (drop (i32.const 1)))"#,
        "
        (local i64)
        block
            global.get 0
            local.set 1
            local.get 1
            i64.const 41
            i64.lt_s
            br_if 0 (;@1;)
            local.get 1
            i64.const -41
            i64.add
            local.set 1
            block
                block
                    local.get 0
                    br_table 0 (;@3;) 1 (;@2;)
                end
                local.get 1
                i64.const -2
                i64.add
                local.set 1
                local.get 1
                global.set 0
                return
            end
            local.get 1
            i64.const -1
            i64.add
            local.set 1
            i32.const 1
            drop
            local.get 1
            global.set 0
            return
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}

#[test]
fn a_branch_to_the_function_gets_a_block() {
    check(
        r#"(func (param i32) (result i32) (br_if 0 (i32.const 1) (local.get 0)))"#,
        "
        (local i64)
        block
            block (result i32)
                global.get 0
                local.set 1
                local.get 1
                i64.const 19
                i64.lt_s
                br_if 1 (;@1;)
                local.get 1
                i64.const -19
                i64.add
                local.set 1
                i32.const 1
                local.get 0
                br_if 0 (;@2;)
            end
            local.get 1
            global.set 0
            return
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}

#[test]
fn several_results_get_a_type() {
    check(
        r#"(func (param i32) (result i32 i32) (br 0 (i32.const 1) (local.get 0)))"#,
        "
        (local i64)
        block
            block (type 1) (result i32 i32)
                global.get 0
                local.set 1
                local.get 1
                i64.const 6
                i64.lt_s
                br_if 1 (;@1;)
                local.get 1
                i64.const -6
                i64.add
                local.set 1
                i32.const 1
                local.get 0
                br 0 (;@2;)
            end
            local.get 1
            global.set 0
            return
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}

#[test]
fn a_recursive_function_counts_its_frame() {
    check(
        r#"(func $f (param i32) (if (local.get 0) (then (call $f (i32.const 0)))))"#,
        "
        (local i64)
        block
            global.get 1
            i64.const 10
            i64.sub
            global.set 1
            global.get 1
            i64.const 0
            i64.lt_s
            if
                unreachable
            end
            global.get 0
            local.set 1
            local.get 1
            i64.const 17
            i64.lt_s
            br_if 0 (;@1;)
            local.get 1
            i64.const -17
            i64.add
            local.set 1
            local.get 0
            if
                local.get 1
                i64.const -42
                i64.add
                local.set 1
                i32.const 0
                local.get 1
                global.set 0
                call $f
                global.get 0
                local.set 1
            end
            local.get 1
            global.set 0
            global.get 1
            i64.const 10
            i64.add
            global.set 1
            return
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}

#[test]
fn bulk_instructions_are_charged_by_size() {
    check(
        r#"(func (param i32) (memory.fill (i32.const 0) (i32.const 0) (local.get 0))) (memory 1)"#,
        "
        (local i64 i32)
        block
            global.get 0
            local.set 1
            local.get 1
            i64.const 1539
            i64.lt_s
            br_if 0 (;@1;)
            local.get 1
            i64.const -1539
            i64.add
            local.set 1
            i32.const 0
            i32.const 0
            local.get 0
            local.set 2
            local.get 1
            local.get 2
            i64.extend_i32_u
            i64.const 0
            i64.shl
            i64.sub
            local.tee 1
            global.set 0
            i32.const 1
            local.get 1
            i64.const 0
            i64.ge_s
            i32.div_u
            drop
            local.get 2
            memory.fill
            local.get 1
            global.set 0
            return
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}

#[test]
fn memory_is_grown_by_a_function_that_pays() {
    check(
        r#"(func (param i32) (drop (memory.grow (local.get 0)))) (memory 1)"#,
        "
        (local i64)
        block
            global.get 0
            local.set 1
            local.get 1
            i64.const 129
            i64.lt_s
            br_if 0 (;@1;)
            local.get 1
            i64.const -129
            i64.add
            local.set 1
            local.get 0
            local.get 1
            global.set 0
            call 1
            global.get 0
            local.set 1
            i32.const 1
            local.get 1
            i64.const 0
            i64.ge_s
            i32.div_u
            drop
            drop
            local.get 1
            global.set 0
            return
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}

#[test]
fn free_code_is_not_charged() {
    check(
        r#"(func (param i32) (block nop))"#,
        "
        block
            nop
        end
        ",
    );
}

#[test]
fn unreachable_leaves_the_counter_up_to_date() {
    check(
        r#"(func (param i32) (drop (i32.const 1)) unreachable)"#,
        "
        (local i64)
        block
            global.get 0
            local.set 1
            local.get 1
            i64.const 1
            i64.lt_s
            br_if 0 (;@1;)
            local.get 1
            i64.const -1
            i64.add
            local.set 1
            i32.const 1
            drop
            local.get 1
            global.set 0
            unreachable
        end
        i64.const -1
        global.set 0
        unreachable
        ",
    );
}
