# frozen_string_literal: true

# Keeps todos.

require "json"
require_relative "store/shelf"
require_relative "../text"
autoload :Later, "todos/later"

module Example
  LIMIT = 10

  # What can be saved.
  module Saved
    def self.included(base)
      base.extend(ClassMethods)
    end

    def touch; end
  end

  # A todo.
  #
  # It is kept.
  class Todo < Base::Record
    include Saved, Comparable
    extend Forwardable
    prepend Text::Trimmed

    PREFIX = "todo".freeze
    @@count = 0

    attr_accessor :title, :lines
    attr_reader :store
    attr_writer "old"
    alias_method :keep, :save
    alias hold save
    delegate :size, to: :lines

    class << self
      attr_reader :shared

      def make(*args, **options, &block)
        new(*args).tap { |todo| todo.save }
      end
    end

    # Makes one.
    def initialize(store, title = "", other: nil)
      super(title)
      @store = store
      @cache = Cache.new(10)
      @@count += 1
    end

    def save(times = 3)
      line = Text::Line.new("a")
      lines.each do |each|
        next if each.empty? || skips?(each) && times
        @cache.get(each).touch
        self.store.put(each) unless line.done?
      end
      if times > 3
        line.fall
      elsif times == 2
        load
      end
      while times.positive? do times -= 1 end
      until open? do wait end
      for one in lines do one.trim end
      case times
      when 1, 2 then Saved::Part.move
      else Example.helper
      end
      begin
        @store&.sync!
      rescue IOError, Failure => error
        raise Problem, error
      ensure
        puts "done"
      end
      times ? check() : self.class.make
    end

    def self.open(path) = new(path)

    def title=(value)
      @title = value
    end

    def <=>(other)
      @title <=> other.title
    end

    protected

    def hidden; end

    private

    def load
      super
    end

    def self.seen; end

    private_class_method :open

    Point = Struct.new(:x, :y) do
      def length = Math.sqrt(x)
    end
    Failure = Class.new(StandardError)

    private def alone(a) = a
    def found; end
    public :found
  end
end

class String
  def words
    split(" ")
  end
end

def helper
  Example::Todo.make("a")
end

class Example::Other < Example::Todo; end

helper
