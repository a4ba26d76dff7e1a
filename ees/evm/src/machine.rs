//! revm, with a loop over instructions of its own.
//!
//! revm's loop looks up each instruction in a table, and calls what it finds. In wasm that costs more than most instructions themselves:
//! whatever is called may be anything. So here the instructions that contracts mostly consist of are the arms of a `match`.

use revm::{
    MainnetEvm,
    bytecode::opcode::*,
    context::FrameStack,
    context_interface::Host,
    handler::{
        EthFrame, EthPrecompiles, EvmTr, FrameInitOrResult, FrameTr, ItemOrResult, MainnetContext,
        evm::{ContextDbError, FrameInitResult},
        instructions::EthInstructions,
    },
    interpreter::{
        InstructionContext, InstructionExecResult, InstructionResult, Interpreter, InterpreterAction,
        instructions::{arithmetic, bitwise, control, memory, stack, system},
        interpreter::EthInterpreter,
        interpreter_types::{Jumps as _, LoopControl as _},
    },
};

use crate::state::State;

/// revm over a [`State`].
pub(crate) struct Machine<'a>(pub(crate) MainnetEvm<Context<'a>>);

type Context<'a> = MainnetContext<State<'a>>;
type Instructions<H> = EthInstructions<EthInterpreter, H>;
type Frame = EthFrame<EthInterpreter>;

impl<'a> EvmTr for Machine<'a> {
    type Context = Context<'a>;
    type Instructions = Instructions<Context<'a>>;
    type Precompiles = EthPrecompiles;
    type Frame = Frame;

    fn all(&self) -> (&Self::Context, &Self::Instructions, &Self::Precompiles, &FrameStack<Frame>) {
        self.0.all()
    }

    fn all_mut(
        &mut self,
    ) -> (&mut Self::Context, &mut Self::Instructions, &mut Self::Precompiles, &mut FrameStack<Frame>) {
        self.0.all_mut()
    }

    fn frame_init(
        &mut self,
        input: <Frame as FrameTr>::FrameInit,
    ) -> Result<FrameInitResult<'_, Frame>, ContextDbError<Self::Context>> {
        self.0.frame_init(input)
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<Frame>, ContextDbError<Self::Context>> {
        let (context, instructions, _, frames) = self.0.all_mut();
        let frame = frames.get();
        let action = run(&mut frame.interpreter, instructions, context);
        let next: Result<_, ContextDbError<Self::Context>> = frame.process_next_action(context, action);
        if let Ok(ItemOrResult::Result(_)) = next {
            frame.set_finished(true);
        }
        next
    }

    fn frame_return_result(
        &mut self,
        result: <Frame as FrameTr>::FrameResult,
    ) -> Result<Option<<Frame as FrameTr>::FrameResult>, ContextDbError<Self::Context>> {
        self.0.frame_return_result(result)
    }
}

/// Executes instructions until one calls another contract, returns or fails.
fn run<H: Host>(
    interpreter: &mut Interpreter<EthInterpreter>,
    instructions: &Instructions<H>,
    host: &mut H,
) -> InterpreterAction {
    let end = loop {
        if let Err(end) = step(interpreter, instructions, host) {
            break end;
        }
    };
    if interpreter.bytecode.action().is_none() {
        interpreter.halt(end);
    }
    interpreter.take_next_action()
}

#[inline(always)]
fn step<H: Host>(
    interpreter: &mut Interpreter<EthInterpreter>,
    instructions: &Instructions<H>,
    host: &mut H,
) -> InstructionExecResult {
    let opcode = interpreter.bytecode.opcode();
    // Behind the code of a contract there is always a `STOP`.
    interpreter.bytecode.relative_jump(1);
    let gas = instructions.gas_table()[usize::from(opcode)];
    if !interpreter.gas.record_regular_cost(gas.into()) {
        return Err(InstructionResult::OutOfGas);
    }
    let context = InstructionContext { interpreter, host };
    match opcode {
        ADD => arithmetic::add(context),
        MUL => arithmetic::mul(context),
        SUB => arithmetic::sub(context),
        DIV => arithmetic::div(context),
        MOD => arithmetic::rem(context),
        ADDMOD => arithmetic::addmod(context),
        MULMOD => arithmetic::mulmod(context),
        LT => bitwise::lt(context),
        GT => bitwise::gt(context),
        SLT => bitwise::slt(context),
        SGT => bitwise::sgt(context),
        EQ => bitwise::eq(context),
        ISZERO => bitwise::iszero(context),
        AND => bitwise::bitand(context),
        OR => bitwise::bitor(context),
        XOR => bitwise::bitxor(context),
        NOT => bitwise::not(context),
        SHL => bitwise::shl(context),
        SHR => bitwise::shr(context),
        CALLVALUE => system::callvalue(context),
        CALLDATALOAD => system::calldataload(context),
        CALLDATASIZE => system::calldatasize(context),
        POP => stack::pop(context),
        MLOAD => memory::mload(context),
        MSTORE => memory::mstore(context),
        JUMP => control::jump(context),
        JUMPI => control::jumpi(context),
        JUMPDEST => Ok(()),
        PUSH0 => stack::push0(context),
        PUSH1 => stack::push::<1, _, _>(context),
        PUSH2 => stack::push::<2, _, _>(context),
        PUSH3 => stack::push::<3, _, _>(context),
        PUSH4 => stack::push::<4, _, _>(context),
        PUSH20 => stack::push::<20, _, _>(context),
        PUSH32 => stack::push::<32, _, _>(context),
        DUP1 => stack::dup::<1, _, _>(context),
        DUP2 => stack::dup::<2, _, _>(context),
        DUP3 => stack::dup::<3, _, _>(context),
        DUP4 => stack::dup::<4, _, _>(context),
        DUP5 => stack::dup::<5, _, _>(context),
        DUP6 => stack::dup::<6, _, _>(context),
        DUP7 => stack::dup::<7, _, _>(context),
        DUP8 => stack::dup::<8, _, _>(context),
        SWAP1 => stack::swap::<1, _, _>(context),
        SWAP2 => stack::swap::<2, _, _>(context),
        SWAP3 => stack::swap::<3, _, _>(context),
        SWAP4 => stack::swap::<4, _, _>(context),
        SWAP5 => stack::swap::<5, _, _>(context),
        SWAP6 => stack::swap::<6, _, _>(context),
        _ => instructions.instruction_table()[usize::from(opcode)].execute(context),
    }
}
