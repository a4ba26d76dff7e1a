//! revm with its own loop over instructions.
//!
//! revm's loop looks up each instruction in a table, and makes an indirect call. In wasm that costs more than most
//! instructions themselves. So here the instructions that contracts mostly consist of are the arms of a `match`.

use alloy_primitives::Bytes;
use outrider_evm_codec::OUTBOX;
use revm::{
    MainnetEvm,
    bytecode::opcode as op,
    context::FrameStack,
    context_interface::{Host, JournalTr as _},
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
        let mut action = run(&mut frame.interpreter, instructions, context);
        fail_without_room(&frame.interpreter, context, &mut action);
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

/// Lets a call of the outbox revert, without output, if the block cannot send what the transaction sends with it.
fn fail_without_room(
    interpreter: &Interpreter<EthInterpreter>,
    context: &Context<'_>,
    action: &mut InterpreterAction,
) {
    let InterpreterAction::Return(result) = action else { return };
    if interpreter.input.target_address != OUTBOX || !result.is_ok() {
        return;
    }
    let journal = &context.journaled_state;
    if journal.database.outbox.as_ref().is_some_and(|outbox| !outbox.has_room(journal.logs())) {
        result.result = InstructionResult::Revert;
        result.output = Bytes::new();
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
    // After the code of a contract there is always a `STOP`.
    interpreter.bytecode.relative_jump(1);
    let gas = instructions.gas_table()[usize::from(opcode)];
    if !interpreter.gas.record_regular_cost(gas.into()) {
        return Err(InstructionResult::OutOfGas);
    }
    let context = InstructionContext { interpreter, host };
    match opcode {
        op::ADD => arithmetic::add(context),
        op::MUL => arithmetic::mul(context),
        op::SUB => arithmetic::sub(context),
        op::DIV => arithmetic::div(context),
        op::MOD => arithmetic::rem(context),
        op::ADDMOD => arithmetic::addmod(context),
        op::MULMOD => arithmetic::mulmod(context),
        op::LT => bitwise::lt(context),
        op::GT => bitwise::gt(context),
        op::SLT => bitwise::slt(context),
        op::SGT => bitwise::sgt(context),
        op::EQ => bitwise::eq(context),
        op::ISZERO => bitwise::iszero(context),
        op::AND => bitwise::bitand(context),
        op::OR => bitwise::bitor(context),
        op::XOR => bitwise::bitxor(context),
        op::NOT => bitwise::not(context),
        op::SHL => bitwise::shl(context),
        op::SHR => bitwise::shr(context),
        op::CALLVALUE => system::callvalue(context),
        op::CALLDATALOAD => system::calldataload(context),
        op::CALLDATASIZE => system::calldatasize(context),
        op::POP => stack::pop(context),
        op::MLOAD => memory::mload(context),
        op::MSTORE => memory::mstore(context),
        op::JUMP => control::jump(context),
        op::JUMPI => control::jumpi(context),
        op::JUMPDEST => Ok(()),
        op::PUSH0 => stack::push0(context),
        op::PUSH1 => stack::push::<1, _, _>(context),
        op::PUSH2 => stack::push::<2, _, _>(context),
        op::PUSH3 => stack::push::<3, _, _>(context),
        op::PUSH4 => stack::push::<4, _, _>(context),
        op::PUSH20 => stack::push::<20, _, _>(context),
        op::PUSH32 => stack::push::<32, _, _>(context),
        op::DUP1 => stack::dup::<1, _, _>(context),
        op::DUP2 => stack::dup::<2, _, _>(context),
        op::DUP3 => stack::dup::<3, _, _>(context),
        op::DUP4 => stack::dup::<4, _, _>(context),
        op::DUP5 => stack::dup::<5, _, _>(context),
        op::DUP6 => stack::dup::<6, _, _>(context),
        op::DUP7 => stack::dup::<7, _, _>(context),
        op::DUP8 => stack::dup::<8, _, _>(context),
        op::SWAP1 => stack::swap::<1, _, _>(context),
        op::SWAP2 => stack::swap::<2, _, _>(context),
        op::SWAP3 => stack::swap::<3, _, _>(context),
        op::SWAP4 => stack::swap::<4, _, _>(context),
        op::SWAP5 => stack::swap::<5, _, _>(context),
        op::SWAP6 => stack::swap::<6, _, _>(context),
        _ => instructions.instruction_table()[usize::from(opcode)].execute(context),
    }
}
